package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The bounds of one request.
const (
	maxCount  = 1000     // images of each class, as cgan generate has it
	maxValues = 8 << 20  // numbers in all images: 32 MiB
	maxPixels = 16 << 20 // of a PNG or GIF after enlarging
	maxScale  = 32
	maxSteps  = 256
)

// drawing is a request that was understood: what is to be drawn, and how it is to be shown.
type drawing struct {
	model     *served
	precision string
	format    string
	scale     int
	columns   int
	pinned    bool // the request names the version that it wants

	sweep *sweep // classes, rows and seed as cgan generate has them, or
	wants []want // each image for itself
	walk  bool   // they are steps from one to another
}

// n is how many images there are.
func (d *drawing) n() int {
	if d.sweep != nil {
		return d.sweep.rows * max(1, len(d.sweep.classes))
	}
	return len(d.wants)
}

// key is the same for all requests that get the same bytes.
func (d *drawing) key() string {
	text := fmt.Sprintf("%s %s %s %d %d %v", d.model.Version, d.precision, d.format, d.scale, d.columns, d.walk)
	if d.sweep != nil {
		return fmt.Sprintf("%s %+v", text, *d.sweep)
	}
	return fmt.Sprintf("%s %+v", text, d.wants)
}

// each is one image a want, as the batcher joins them.
func (s *sweep) each() (wants []want) {
	for row := range s.rows {
		if len(s.classes) == 0 {
			wants = append(wants, want{at: source{seed: s.seed, row: row}})
		}
		for _, class := range s.classes {
			wants = append(wants, want{at: source{seed: s.seed, row: row}, classes: [2]int64{class, class}})
		}
	}
	return wants
}

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
	}
	return n
}

// seed reads what torch.manual_seed takes.
func (q *query) seed(name string, missing int64) int64 {
	if !q.values.Has(name) {
		return missing
	}
	s, err := parseSeed(q.values.Get(name))
	if err != nil {
		q.fail(badRequest(fmt.Sprintf("%s is %s: %v", name, quote(q.values.Get(name)), err)))
	}
	return s
}

func parseSeed(text string) (int64, error) {
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		return int64(v), nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errors.New("it must be a whole number from -2^63 to 2^64-1")
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

// quote is a text of the client for a message, cut where it is long.
func quote(text string) string {
	const most = 60
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return strconv.Quote(text)
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

// sweepOf makes it a drawing as cgan generate makes one.
func (d *drawing) sweepOf(class string, given bool, rows int, seed int64) (*drawing, *problem) {
	d.sweep = &sweep{rows: rows, seed: seed}
	if len(d.model.Classes) > 0 {
		classes, err := d.model.Classes.Parse(class)
		if err != nil {
			return nil, badRequest(fmt.Sprintf("class is %s: %s", quote(class), err))
		}
		if len(classes) > maxValues { // a list may name a range many times
			return nil, tooMany(d)
		}
		d.sweep.classes = classes
	} else if given {
		return nil, badRequest("class: the model knows no classes: leave it out")
	}
	if d.columns = len(d.sweep.classes); d.columns <= 1 {
		d.columns = min(rows, gridColumns)
	}
	return d, d.check()
}

// gridColumns are those of a grid of images of one class, as cgan generate has them.
const gridColumns = 8

// check says what is too much for one request.
func (d *drawing) check() *problem {
	image := d.model.Height * d.model.Width
	if n := d.n(); n > maxValues/(image*d.model.Channels) {
		return tooMany(d)
	}
	rows := (d.n() + d.columns - 1) / d.columns
	grid := rows * d.columns * (d.model.Height + 2) * (d.model.Width + 2)
	if (d.format == "png" || d.format == "gif") && grid*d.scale*d.scale > maxPixels {
		return badRequest(fmt.Sprintf("the picture would have more than %d pixels: make scale or count smaller", maxPixels))
	}
	if d.format != "png" && d.format != "gif" && d.n()*image*d.scale*d.scale > maxPixels {
		return badRequest(fmt.Sprintf("the pictures would have more than %d pixels: make scale or count smaller", maxPixels))
	}
	return nil
}

func tooMany(d *drawing) *problem {
	return badRequest(fmt.Sprintf("these are too many images for one request: it holds at most %d of this model", maxValues/d.model.values()))
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
			q.fail(badRequest("t is one place on the way, steps are many: give one of them"))
		}
	}
	if q.err != nil {
		return nil, q.err
	}
	for _, t := range places {
		w := want{at: source{seed: seed}, to: source{seed: toSeed}, classes: [2]int64{from, to}}
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
		return 0, badRequest(name + ": the model knows no classes: leave it out")
	}
	classes, err := m.Classes.Parse(text)
	if err != nil {
		return 0, badRequest(fmt.Sprintf("%s is %s: %v", name, quote(text), err))
	}
	if len(classes) != 1 || text == "" {
		return 0, badRequest(fmt.Sprintf("%s is %s: it must be one class", name, quote(text)))
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

// posted is the body of a POST: class, seed and count as in the query, or a list of images.
type posted struct {
	Class     *text       `json:"class"`
	Seed      *text       `json:"seed"`
	Count     *int        `json:"count"`
	Images    []postedOne `json:"images"`
	Columns   *int        `json:"columns"`
	Format    *string     `json:"format"`
	Precision *string     `json:"precision"`
	Scale     *int        `json:"scale"`
	Version   *string     `json:"version"`
}

type postedOne struct {
	Class *text     `json:"class"`
	Seed  *text     `json:"seed"`
	Noise []float32 `json:"noise"`
}

// text is a JSON string or whole number: a seed of 64 bits does not fit into JavaScript's numbers.
type text string

// UnmarshalJSON takes both.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
		return nil
	}
	if strings.Trim(string(b), "-0123456789") != "" {
		return errors.New("a class or seed must be a text or a whole number")
	}
	*t = text(b)
	return nil
}

// parsePosted reads a body.
func parsePosted(w http.ResponseWriter, r *http.Request, m *served) (*drawing, *problem) {
	if r.URL.RawQuery != "" {
		return nil, badRequest("a POST says all in its body: leave out what follows ? in the URL")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "the body must be JSON, with Content-Type: application/json")
	}
	body, p := readPosted(w, r)
	if p != nil {
		return nil, p
	}
	q := query{values: url.Values{}}
	for name, value := range map[string]*string{"format": body.Format, "precision": body.Precision, "version": body.Version, "seed": (*string)(body.Seed)} {
		if value != nil {
			q.values.Set(name, *value)
		}
	}
	for name, value := range map[string]*int{"count": body.Count, "scale": body.Scale, "columns": body.Columns} {
		if value != nil {
			q.values.Set(name, strconv.Itoa(*value))
		}
	}
	d := q.shown(m)
	rows, seed, columns := q.number("count", 1, 1, maxCount), q.seed("seed", 0), q.number("columns", gridColumns, 1, maxCount)
	if q.err != nil {
		return nil, q.err
	}
	if body.Images != nil {
		return d.listOf(body, columns)
	}
	if body.Columns != nil {
		return nil, badRequest("columns is for a list of images: a sweep has a column for each class")
	}
	var class string
	if body.Class != nil {
		class = string(*body.Class)
	}
	return d.sweepOf(class, body.Class != nil, rows, seed)
}

func readPosted(w http.ResponseWriter, r *http.Request) (*posted, *problem) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxBody))
	}
	if err != nil {
		return nil, badRequest("the body did not arrive whole")
	}
	var body *posted
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err = decoder.Decode(&body); err == nil && decoder.More() {
		err = errors.New("something follows the object")
	}
	if err != nil || body == nil {
		return nil, badRequest("the body is not the JSON object that /openapi.json describes: " + jsonCause(err))
	}
	return body, nil
}

// jsonCause is a decoder's error without names of Go.
func jsonCause(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return "it is null"
	case errors.As(err, &kind):
		return fmt.Sprintf("%s can't be a %s", kind.Field, kind.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// listOf makes it a drawing of images that are named one by one.
func (d *drawing) listOf(body *posted, columns int) (*drawing, *problem) {
	if body.Class != nil || body.Seed != nil || body.Count != nil {
		return nil, badRequest("images says which class and seed each has: leave out class, seed and count beside it")
	}
	if len(body.Images) == 0 {
		return nil, badRequest("images is empty: there is nothing to draw")
	}
	for i, one := range body.Images {
		w, p := d.oneOf(one)
		if p != nil {
			p.Detail = fmt.Sprintf("images[%d]: %s", i, p.Detail)
			return nil, p
		}
		d.wants = append(d.wants, w)
	}
	d.columns = min(columns, len(d.wants))
	return d, d.check()
}

func (d *drawing) oneOf(one postedOne) (w want, p *problem) {
	if one.Class != nil {
		class, p := oneClass("class", string(*one.Class), d.model)
		if p != nil {
			return w, p
		}
		w.classes = [2]int64{class, class}
	} else if len(d.model.Classes) > 0 {
		return w, badRequest("class is missing")
	}
	if (one.Seed == nil) == (one.Noise == nil) {
		return w, badRequest("give either seed or noise")
	}
	if one.Seed != nil {
		seed, err := parseSeed(string(*one.Seed))
		if err != nil {
			return w, badRequest(fmt.Sprintf("seed is %s: %v", quote(string(*one.Seed)), err))
		}
		w.at.seed = seed
		return w, nil
	}
	if len(one.Noise) != d.model.Noise {
		return w, badRequest(fmt.Sprintf("noise has %d values: it must be %d", len(one.Noise), d.model.Noise))
	}
	for _, v := range one.Noise {
		if math.Abs(float64(v)) > maxNoise {
			return w, badRequest(fmt.Sprintf("noise has a value beyond %d", maxNoise))
		}
	}
	w.at.values = one.Noise
	return w, nil
}

// maxNoise keeps the sums of a network finite; of a normal distribution no value is beyond 10.
const maxNoise = 1000

// classNames are the names of the images' classes, "" where there are none.
func (d *drawing) class(i int) (int64, string) {
	if len(d.model.Classes) == 0 {
		return -1, ""
	}
	var class int64
	if d.sweep != nil {
		class = d.sweep.classes[i%len(d.sweep.classes)]
	} else if class = d.wants[i].classes[0]; d.wants[i].share > 0.5 {
		class = d.wants[i].classes[1]
	}
	return class, d.model.Classes[class]
}

// from is where the noise of an image comes from.
func (d *drawing) from(i int) source {
	if d.sweep != nil {
		return source{seed: d.sweep.seed, row: i / max(1, len(d.sweep.classes))}
	}
	return d.wants[i].at
}
