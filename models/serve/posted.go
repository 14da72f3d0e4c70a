package serve

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// posted is the body of a POST: class, seed and count as in the query, or a list of images.
type posted struct {
	Class     *text       `json:"class"`
	Seed      *text       `json:"seed"`
	Count     *whole      `json:"count"`
	Images    []postedOne `json:"images"`
	Columns   *whole      `json:"columns"`
	Format    *string     `json:"format"`
	Precision *string     `json:"precision"`
	Scale     *whole      `json:"scale"`
	Version   *string     `json:"version"`
}

type postedOne struct {
	Class *text     `json:"class"`
	Seed  *text     `json:"seed"`
	Noise []float32 `json:"noise"`
}

// whole is the digits of a whole number, which JSON may write as 7, 7.0 or 7e0.
type whole string

// UnmarshalJSON takes a number without a fraction. Of the error the decoder adds the field.
func (n *whole) UnmarshalJSON(b []byte) error {
	if digits := strings.TrimPrefix(string(b), "-"); strings.Trim(digits, "0123456789") == "" {
		*n = whole(b)
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || v != math.Trunc(v) {
		return &json.UnmarshalTypeError{Value: string(b), Type: reflect.TypeFor[whole]()}
	}
	*n = whole(strconv.FormatFloat(v+0, 'f', -1, 64)) // + 0 makes 0 of -0
	return nil
}

// text is a JSON string or whole number: a seed of 64 bits does not fit into JavaScript's numbers.
type text string

// UnmarshalJSON takes both.
func (t *text) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	return (*whole)(t).UnmarshalJSON(b)
}

// parsePosted reads a body.
func parsePosted(w http.ResponseWriter, r *http.Request, m *served, room *place) (*drawing, *problem) {
	if r.URL.RawQuery != "" {
		return nil, badRequest("a POST says all in its body: leave out what follows ? in the URL")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "the body must be JSON, with Content-Type: application/json")
	}
	body, p := readPosted(w, r, room)
	if p != nil {
		return nil, p
	}
	q := query{values: url.Values{}}
	for name, value := range map[string]*string{"format": body.Format, "precision": body.Precision, "version": body.Version, "seed": (*string)(body.Seed)} {
		if value != nil {
			q.values.Set(name, *value)
		}
	}
	for name, value := range map[string]*whole{"count": body.Count, "scale": body.Scale, "columns": body.Columns} {
		if value != nil {
			q.values.Set(name, string(*value))
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

// decoded is how many bytes a byte of JSON may become, as {} in a list of images.
const decoded = 32

func readPosted(w http.ResponseWriter, r *http.Request, room *place) (*posted, *problem) {
	text, p := readBody(w, r, room)
	if p == nil {
		p = room.take(decoded * len(text))
	}
	if p == nil {
		p = refuseNull(text)
	}
	if p != nil {
		return nil, p
	}
	var body *posted
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&body)
	if err == nil {
		if _, end := decoder.Token(); end != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return nil, badRequest("the body is not the JSON object that /openapi.json describes: " + jsonCause(err))
	}
	return body, nil
}

// readBody reads a body once there is room for it.
func readBody(w http.ResponseWriter, r *http.Request, room *place) ([]byte, *problem) {
	tooLong := newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", maxBody))
	length := r.ContentLength
	if length > maxBody { // what says that it is longer is not read at all
		return nil, tooLong
	}
	if length < 0 { // it does not say
		length = maxBody
	}
	if p := room.take(int(length)); p != nil {
		return nil, p
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, tooLong
	}
	if err != nil {
		return nil, badRequest("the body did not arrive whole")
	}
	return text, nil
}

// refuseNull says which field is null: Go's decoder would take it for one that is not there.
func refuseNull(body []byte) *problem {
	field := "the body"
	for decoder := json.NewDecoder(bytes.NewReader(body)); ; {
		switch token, err := decoder.Token(); token := token.(type) {
		case nil:
			if err == nil {
				return badRequest(field + " is null: leave it out")
			}
			return nil // its end, or no JSON, of which the next reader says more
		case string:
			field = quote(token)
		}
	}
}

// jsonCause is a decoder's error without names of Go.
func jsonCause(err error) string {
	wrong := (*json.UnmarshalTypeError)(nil)
	switch {
	case !errors.As(err, &wrong):
		return strings.TrimPrefix(err.Error(), "json: ")
	case wrong.Type == reflect.TypeFor[whole]():
		return fmt.Sprintf("%s is %s: it must be a whole number", wrong.Field, cut(wrong.Value))
	}
	article := "a"
	if strings.ContainsAny(wrong.Value[:1], "ao") { // an array, an object
		article = "an"
	}
	return fmt.Sprintf("%s can't be %s %s", cmp.Or(wrong.Field, "it"), article, wrong.Value)
}

// listOf makes it a drawing of images that are named one by one.
func (d *drawing) listOf(body *posted, columns int) (*drawing, *problem) {
	if body.Class != nil || body.Seed != nil || body.Count != nil {
		return nil, badRequest("images says which class and seed each has: leave out class, seed and count beside it")
	}
	if len(body.Images) == 0 {
		return nil, badRequest("images is empty: there is nothing to draw")
	}
	if len(body.Images) > d.mostImages() {
		return nil, d.tooMany()
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
		return w, unfit("class is missing")
	}
	if (one.Seed == nil) == (one.Noise == nil) {
		return w, badRequest("give either seed or noise")
	}
	if one.Seed != nil {
		w.at.seed, p = parseSeed("seed", string(*one.Seed))
		return w, p
	}
	if len(one.Noise) != d.model.Noise {
		return w, unfit(fmt.Sprintf("noise has %d values: it must be %d", len(one.Noise), d.model.Noise))
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
