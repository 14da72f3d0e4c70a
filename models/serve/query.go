package serve

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	imageFormats = []string{"png", "json", "npz", "zip", "gif"}
	queryFields  = []string{"class", "seed", "count", "format", "precision", "scale", "version"}
	walkFields   = []string{"from", "to", "seed", "to_seed", "steps", "t", "format", "precision", "scale", "version"}
)

// query reads parameters of the URL, each once and none that has no meaning.
type query struct {
	values url.Values
	err    *problem
}

func newQuery(r *http.Request, known []string) query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{nil, badRequest("the part of the URL after ? can't be read: names and values are escaped by %XX, with & between")}
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return query{nil, badRequest(fmt.Sprintf("there is no parameter %s: there are %s", quote(name), strings.Join(known, ", ")))}
		}
		if len(all) > 1 {
			return query{nil, badRequest(fmt.Sprintf("%s is there %d times: give it once", name, len(all)))}
		}
	}
	return query{values: values}
}

func (q *query) fail(p *problem) {
	if q.err == nil {
		q.err = p
	}
}

// number reads a whole number from least to most.
func (q *query) number(name string, missing, least, most int) int {
	if !q.values.Has(name) {
		return missing
	}
	n, err := strconv.Atoi(q.values.Get(name))
	if err != nil || n < least || n > most {
		q.fail(badRequest(fmt.Sprintf("%s is %s: it must be a whole number from %d to %d", name, quote(q.values.Get(name)), least, most)))
		return least
	}
	return n
}

// seed reads what torch.manual_seed takes.
func (q *query) seed(name string, missing int64) int64 {
	if !q.values.Has(name) {
		return missing
	}
	s, p := parseSeed(name, q.values.Get(name))
	if p != nil {
		q.fail(p)
	}
	return s
}

var seedForm = regexp.MustCompile(`^-?[0-9]{1,20}$`)

func parseSeed(name, text string) (int64, *problem) {
	detail := fmt.Sprintf("%s is %s: it must be a whole number from -2^63 to 2^64-1", name, quote(text))
	if !seedForm.MatchString(text) {
		return 0, badRequest(detail)
	}
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		return int64(v), nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, unfit(detail)
	}
	return v, nil
}

// oneOf reads a word.
func (q *query) oneOf(name string, words []string) string {
	if !q.values.Has(name) {
		return words[0]
	}
	word := q.values.Get(name)
	if !slices.Contains(words, word) {
		q.fail(badRequest(fmt.Sprintf("%s is %s: it must be one of %s", name, quote(word), strings.Join(words, ", "))))
	}
	return word
}

// quote is a text of the client for a message.
func quote(text string) string { return strconv.Quote(cut(text)) }

// cut shortens what is long.
func cut(text string) string {
	const most = 60
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// shown reads what all drawings have.
func (q *query) shown(m *served) *drawing {
	d := &drawing{model: m, precision: q.oneOf("precision", m.Precisions), format: q.oneOf("format", imageFormats), scale: q.number("scale", 1, 1, maxScale)}
	if q.values.Has("version") {
		d.pinned = true
		if v := q.values.Get("version"); v != m.Version {
			q.fail(newProblem(http.StatusNotFound, fmt.Sprintf("the model %s is not of version %s any more: it is of %s", m.Name, quote(v), m.Version)))
		}
	}
	return d
}

// parseImages reads the query of images.
func parseImages(r *http.Request, m *served) (*drawing, *problem) {
	q := newQuery(r, queryFields)
	if q.err != nil {
		return nil, q.err
	}
	d := q.shown(m)
	rows, seed := q.number("count", 1, 1, maxCount), q.seed("seed", 0)
	if q.err != nil {
		return nil, q.err
	}
	return d.sweepOf(q.values.Get("class"), q.values.Has("class"), rows, seed)
}

// parseWalk reads the query of an interpolation.
func parseWalk(r *http.Request, m *served) (*drawing, *problem) {
	q := newQuery(r, walkFields)
	if q.err != nil {
		return nil, q.err
	}
	d := q.shown(m)
	d.walk = true
	from := q.class("from", m, 0)
	to := q.class("to", m, from)
	seed := q.seed("seed", 0)
	toSeed := q.seed("to_seed", seed)
	steps := q.number("steps", 9, 2, maxSteps)
	places := make([]float64, steps)
	for i := range places {
		places[i] = float64(i) / float64(steps-1)
	}
	if q.values.Has("t") {
		places = []float64{q.share("t")}
		if q.values.Has("steps") {
			q.fail(unfit("t is one place on the way, steps are many: give one of them"))
		}
	}
	if q.err != nil {
		return nil, q.err
	}
	for _, t := range places {
		w := want{at: source{seed: seed}, to: source{seed: toSeed}, classes: [2]int64{from, to}, t: t}
		if seed != toSeed {
			w.reach = t
		}
		if from != to {
			w.share = float32(t)
		}
		d.wants = append(d.wants, w)
	}
	d.columns = min(len(d.wants), gridColumns)
	return d, d.check()
}

func (q *query) class(name string, m *served, missing int64) int64 {
	if !q.values.Has(name) {
		return missing
	}
	class, p := oneClass(name, q.values.Get(name), m)
	if p != nil {
		q.fail(p)
	}
	return class
}

func oneClass(name, text string, m *served) (int64, *problem) {
	if len(m.Classes) == 0 {
		return 0, unfit(name + ": the model knows no classes: leave it out")
	}
	if text == "" {
		return 0, badRequest(name + " is empty: it must be one class")
	}
	classes, err := m.parse(text)
	if err != nil {
		return 0, unfit(fmt.Sprintf("%s is %s: %v", name, quote(text), err))
	}
	if len(classes) != 1 {
		return 0, unfit(fmt.Sprintf("%s is %s: it must be one class", name, quote(text)))
	}
	return classes[0], nil
}

func (q *query) share(name string) float64 {
	t, err := strconv.ParseFloat(q.values.Get(name), 64)
	if err != nil || !(t >= 0 && t <= 1) {
		q.fail(badRequest(fmt.Sprintf("%s is %s: it must be a number from 0 to 1", name, quote(q.values.Get(name)))))
	}
	return t
}
