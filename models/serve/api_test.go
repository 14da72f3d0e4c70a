package serve

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/gif"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cgan/models"
	"cgan/weights/npz"
)

func TestFormatsShowTheSameImages(t *testing.T) {
	w := weightsOf(t, digits, 1)
	h := newTest(t, nil, Model{Name: "digits", Weights: w})
	const query = "/v1/models/digits/images?class=3,5&seed=-9&count=2&format="
	want := direct(t, w, models.Compute{}, 2, []int64{3, 5}, -9)

	state, err := npz.Read(get(t, h, query+"npz"))
	if err != nil {
		t.Fatal(err)
	}
	images, err := state[0].Float32s()
	if err != nil || state[0].Key != "images" || !slices.Equal(images, want.Pixels) {
		t.Errorf("npz: %v, %v, or other values", err, state.Keys())
	}
	if labels, _ := state.Get("labels"); !bytes.Equal(labels.Data, []byte{3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("labels are %v", labels.Data)
	}

	var listed struct{ Images []shownImage }
	if err := json.Unmarshal(get(t, h, query+"json"), &listed); err != nil || len(listed.Images) != 4 {
		t.Fatalf("%v, %d images", err, len(listed.Images))
	}
	archive := get(t, h, query+"zip")
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"3/0000-seed--9-row-0.png", "5/0001-seed--9-row-0.png", "3/0002-seed--9-row-1.png", "5/0003-seed--9-row-1.png"} {
		file, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(file)
		if err != nil || m.Bounds().Dx() != 28 {
			t.Errorf("%s: %v", name, err)
		}
		content, _ := base64.StdEncoding.DecodeString(listed.Images[i].PNG)
		listedImage, err := png.Decode(bytes.NewReader(content))
		if err != nil || fmt.Sprint(m) != fmt.Sprint(listedImage) {
			t.Errorf("%s is another image than in JSON, %v", name, err)
		}
	}
	if all, err := gif.DecodeAll(bytes.NewReader(get(t, h, query+"gif"))); err != nil || len(all.Image) != 2 {
		t.Errorf("gif: %v", err)
	}
	if m, err := png.Decode(bytes.NewReader(get(t, h, query+"png&scale=3"))); err != nil || m.Bounds().Dx() != 3*62 {
		t.Errorf("scale: %v", err)
	}
}

// A POST with the fields of a GET has its bytes, and one with a list those of each image alone.
func TestPostIsTheSameAsGet(t *testing.T) {
	h := newTest(t, nil)
	if got := ask(t, h, "POST", "/v1/models/digits/images", `{"class":"3,5","seed":7,"count":2}`); !bytes.Equal(got.body, get(t, h, "/v1/models/digits/images?class=3,5&seed=7&count=2")) {
		t.Errorf("other bytes: %s", got.Status)
	}
	if got := ask(t, h, "POST", "/v1/models/digits/images", `{"images":[{"class":4,"seed":"18446744073709551615"}]}`); !bytes.Equal(got.body, get(t, h, "/v1/models/digits/images?class=4&seed=-1")) {
		t.Errorf("other bytes: %s %s", got.Status, got.body)
	}
	if got := ask(t, h, "POST", "/v1/models/digits/images", `{"class":4.0,"seed":-10e-1,"scale":1.0}`); !bytes.Equal(got.body, get(t, h, "/v1/models/digits/images?class=4&seed=-1")) {
		t.Errorf("whole numbers with a point: %s %s", got.Status, got.body)
	}
	list := ask(t, h, "POST", "/v1/models/digits/images", `{"images":[{"class":4,"seed":1},{"class":"2","noise":[1,0,0,0,0,-1]}],"format":"npz"}`)
	state, err := npz.Read(list.body)
	if err != nil {
		t.Fatalf("%v %s", err, list.body)
	}
	one, err := npz.Read(get(t, h, "/v1/models/digits/images?class=4&seed=1&format=npz"))
	if err != nil || !bytes.Equal(state[0].Data[:len(one[0].Data)], one[0].Data) {
		t.Errorf("the image of a list is another one, %v", err)
	}
}

// Both ends of a walk are the images of their class and seed.
func TestInterpolationBeginsAndEndsAtImages(t *testing.T) {
	h := newTest(t, nil)
	values := func(url string) []byte {
		state, err := npz.Read(get(t, h, url))
		if err != nil {
			t.Fatal(err)
		}
		return state[0].Data
	}
	first, last := values("/v1/models/digits/images?class=3&seed=7&format=npz"), values("/v1/models/digits/images?class=5&seed=8&format=npz")
	way := values("/v1/models/digits/interpolation?from=3&to=5&seed=7&to_seed=8&steps=5&format=npz")
	if !bytes.Equal(way[:len(first)], first) || !bytes.Equal(way[4*len(first):], last) {
		t.Error("the ends of the walk are other images")
	}
	middle := values("/v1/models/digits/interpolation?from=3&to=5&seed=7&to_seed=8&t=0.5&format=npz")
	if !bytes.Equal(way[2*len(first):3*len(first)], middle) || bytes.Equal(middle, first) || bytes.Equal(middle, last) {
		t.Error("the middle is not between")
	}
	if all, err := gif.DecodeAll(bytes.NewReader(get(t, h, "/v1/models/digits/interpolation?from=3&to=5&steps=5&format=gif"))); err != nil || len(all.Image) != 8 {
		t.Errorf("there and back are 8 pictures: %v", err)
	}
}

// JSON says of each image where on the way it is, also where nothing moves.
func TestTheWayIsSaid(t *testing.T) {
	h := newTest(t, nil)
	for query, want := range map[string]string{
		"from=3&to=5&t=0.1": "[0.1]", "from=3&to=5&steps=3": "[0 0.5 1]", "seed=1&to_seed=2&steps=3": "[0 0.5 1]", "from=3&steps=3": "[0 0.5 1]",
	} {
		var listed struct{ Images []struct{ T json.Number } }
		if err := json.Unmarshal(get(t, h, "/v1/models/digits/interpolation?format=json&"+query), &listed); err != nil {
			t.Fatal(err)
		}
		var all []json.Number
		for _, one := range listed.Images {
			all = append(all, one.T)
		}
		if got := fmt.Sprint(all); got != want {
			t.Errorf("%s: t is %s, want %s", query, got, want)
		}
	}
}

func TestAnswersHaveStrongTagsAndAreKept(t *testing.T) {
	h := newTest(t, nil)
	const url = "/v1/models/digits/images?class=3&seed=7"
	first := ask(t, h, "GET", url, "")
	tag, version := first.Header.Get("ETag"), first.Header.Get("X-Weights-Version")
	if !strings.HasPrefix(tag, `"`) || len(tag) < 20 || first.Header.Get("Cache-Control") != "public, no-cache" {
		t.Errorf("%v", first.Header)
	}
	if again := ask(t, h, "GET", url, "", "If-None-Match", `"x", `+tag); again.StatusCode != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("%s", again.Status)
	}
	for _, other := range []string{"class=4&seed=7", "class=3&seed=8", "class=3&seed=7&count=2", "class=3&seed=7&scale=2", "class=3&seed=7&precision=bf16", "class=3&seed=7&format=json"} {
		if a := ask(t, h, "GET", "/v1/models/digits/images?"+other, "", "If-None-Match", tag); a.StatusCode != http.StatusOK {
			t.Errorf("%s has the tag of another answer", other)
		}
	}
	pinned := ask(t, h, "GET", url+"&version="+version, "")
	if pinned.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || !bytes.Equal(pinned.body, first.body) {
		t.Errorf("%v", pinned.Header)
	}
	if err := h.Replace(Model{Name: "digits", Weights: weightsOf(t, digits, 2)}); err != nil {
		t.Fatal(err)
	}
	if other := ask(t, h, "GET", url, "", "If-None-Match", tag); other.StatusCode != http.StatusOK || bytes.Equal(other.body, first.body) {
		t.Errorf("other weights have the tag of those before: %s", other.Status)
	}
	if gone := ask(t, h, "GET", url+"&version="+version, ""); gone.StatusCode != http.StatusNotFound {
		t.Errorf("a version that is gone: %s", gone.Status)
	}
	private := newTest(t, func(c *Config) { c.Tokens = []string{"abc"} })
	if a := ask(t, private, "GET", url, "", "Authorization", "Bearer abc"); a.Header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("an answer to a token is for all: %v", a.Header)
	}
}

// What is wrong is one problem that names the parameter.
func TestWrongRequestsAreProblems(t *testing.T) {
	h := newTest(t, nil)
	const images, walk = "/v1/models/digits/images", "/v1/models/digits/interpolation"
	noise := strings.Repeat("0,", 5)
	for _, c := range []struct {
		method, url, body string
		status            int
		detail            string
	}{
		{"GET", "/nowhere", "", 404, "openapi.json"},
		{"GET", "/v1/models/other/images", "", 404, "no model of that name"},
		{"GET", images + "?class=ten", "", 422, `class is "ten"`},
		{"GET", images + "?class=5-3", "", 422, "does not go up"},
		{"GET", images + "?seed=seven", "", 400, `seed is "seven"`},
		{"GET", images + "?seed=18446744073709551616", "", 422, "2^64-1"},
		{"GET", images + "?count=0", "", 400, "from 1 to 1000"},
		{"GET", images + "?count=1000000000", "", 400, "count is"},
		{"GET", images + "?count=1e9", "", 400, "count is"},
		{"GET", images + "?scale=33", "", 400, "scale is"},
		{"GET", images + "?count=1000&scale=8", "", 422, "make scale or count smaller"},
		{"GET", images + "?format=gif&class=" + strings.Repeat("0-9,", 250) + "0", "", 422, "which no GIF can"},
		{"GET", images + "?format=bmp", "", 400, "png, json, npz, zip, gif"},
		{"GET", images + "?precision=f16", "", 400, "f32, bf16"},
		{"GET", images + "?seed=1&seed=2", "", 400, "give it once"},
		{"GET", images + "?sed=1", "", 400, `no parameter "sed"`},
		{"GET", images + "?class=%zz", "", 400, "escaped"},
		{"GET", images + "?class=" + strings.Repeat("0-9,", 1500) + "0", "", 422, "too many"},
		{"GET", walk + "?steps=1", "", 400, "steps is"},
		{"GET", walk + "?steps=1000000000", "", 400, "steps is"},
		{"GET", walk + "?steps=-7", "", 400, "steps is"},
		{"GET", walk + "?from=", "", 400, "from is empty"},
		{"GET", walk + "?t=NaN", "", 400, "from 0 to 1"},
		{"GET", walk + "?t=0.5&steps=3", "", 422, "give one of them"},
		{"GET", walk + "?from=0-3", "", 422, "one class"},
		{"PUT", images, "", 405, "GET, HEAD, POST"},
		{"DELETE", "/v1/models", "", 405, "GET, HEAD"},
		{"POST", images, "", 400, "not the JSON object"},
		{"POST", images, "null", 400, "null"},
		{"POST", images, "[]", 400, "describes: it can't be an array"},
		{"POST", images, `{"images":[]}`, 400, "empty"},
		{"POST", images, `{"images":[{}]}`, 422, "images[0]: class is missing"},
		{"POST", images, `{"images":[{"class":3}]}`, 400, "seed or noise"},
		{"POST", images, `{"images":[{"class":3,"seed":1,"noise":[1]}]}`, 400, "seed or noise"},
		{"POST", images, `{"images":[{"class":3,"noise":[1]}]}`, 422, "it must be 6"},
		{"POST", images, `{"images":[{"class":3,"noise":[` + noise + `1e30]}]}`, 400, "beyond"},
		{"POST", images, `{"images":[{"class":3,"seed":1.5}]}`, 400, "images.seed is 1.5: it must be a whole number"},
		{"POST", images, `{"images":[{"class":3,"seed":1}],"count":2}`, 400, "leave out"},
		{"POST", images, `{"seed":-1.5}`, 400, "whole number"},
		{"POST", images, `{"class":3,"seed":null}`, 400, `"seed" is null`},
		{"POST", images, `{"images":[{"class":3,"noise":[0,null]}]}`, 400, `"noise" is null`},
		{"POST", images, `{"count":1e9}`, 400, "from 1 to 1000"},
		{"POST", images, `{"klass":3}`, 400, `"klass"`},
		{"POST", images, `{} {}`, 400, "follows"},
		{"POST", images, `{"class":3}}`, 400, "follows"},
		{"POST", images, `{"class":3}]x`, 400, "follows"},
		{"POST", images, `{"class":1.5}`, 400, "class is 1.5: it must be a whole number"},
		{"POST", images, `{"count":"five"}`, 400, `count is "five": it must be a whole number`},
		{"POST", images, `{"scale":{"x":1}}`, 400, `scale is {"x":1}: it must be a whole number`},
		{"POST", images, `{"format":7}`, 400, "format can't be a number"},
		{"POST", images, `{"images":{}}`, 400, "images can't be an object"},
		{"POST", images, `{"images":[{"class":3,"noise":"0"}]}`, 400, "images.noise can't be a string"},
		{"POST", images, `{"images":[` + strings.Repeat("{},", 20000) + `{}]}`, 422, "too many"},
		{"POST", images, `{"class":"0-9` + strings.Repeat(",0-9", 100000) + `"}`, 422, "more than 16384 classes"},
		{"POST", images, `{"class":"` + strings.Repeat("x", maxBody) + `"}`, 413, "longer than"},
		{"POST", images + "?seed=1", "{}", 400, "in its body"},
		{"POST", "/v1/reload", "", 401, "this server has none"},
	} {
		a := ask(t, h, c.method, c.url, c.body)
		var p problem
		if err := json.Unmarshal(a.body, &p); err != nil || a.StatusCode != c.status || p.Status != c.status || !strings.Contains(p.Detail, c.detail) ||
			a.Header.Get("Content-Type") != "application/problem+json" || p.ID == "" || p.ID != a.Header.Get("X-Request-Id") {
			t.Errorf("%s %.80s %.80s: %s %s, want %d and %q", c.method, c.url, c.body, a.Status, a.body, c.status, c.detail)
		}
		if a.StatusCode == 405 && a.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.url)
		}
	}
	if a := ask(t, h, "POST", images, "seed=1", "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != http.StatusBadRequest && a.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a form: %s", a.Status)
	}
}

func TestModelsAreListedByName(t *testing.T) {
	clothes := digits
	clothes.Classes, clothes.Channels = 2, 3
	h := newTest(t, nil, Model{Name: "b", Weights: weightsOf(t, digits, 1)}, Model{Name: "a", Weights: weightsOf(t, clothes, 2, "hat, cap", "a/b: c")})
	var list struct{ Models []served }
	if err := json.Unmarshal(get(t, h, "/v1/models"), &list); err != nil || len(list.Models) != 2 || list.Models[0].Name != "b" || list.Models[1].Channels != 3 || list.Models[1].Classes[0] != "hat, cap" {
		t.Errorf("%v %+v", err, list)
	}
	if m, err := png.Decode(bytes.NewReader(get(t, h, "/v1/models/a/images?class=hat,%20cap"))); err != nil || m.Bounds().Dx() != 28 {
		t.Errorf("a class with a comma: %v", err)
	}
	archive := get(t, h, "/v1/models/a/images?format=zip")
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil || !strings.HasPrefix(z.File[1].Name, "a-b: c/") {
		t.Errorf("the folder of a class with a slash: %v", err)
	}
	for name, all := range map[string][]Model{
		"two models are called": {{Name: "a", Weights: weightsOf(t, digits, 1)}, {Name: "a", Weights: weightsOf(t, digits, 1)}},
		"can't be called":       {{Name: "a/b", Weights: weightsOf(t, digits, 1)}},
		"no weights":            {{Name: "a"}},
	} {
		if _, err := NewHandler(Default(), all...); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}

// The new weights are served after they were made whole, else the old ones stay.
func TestReload(t *testing.T) {
	next, fail := weightsOf(t, digits, 2), errors.New("/secret/path is damaged")
	h := newTest(t, func(c *Config) {
		c.Tokens = []string{"abc"}
		c.Reload = func() ([]Model, error) { return []Model{{Name: "digits", Weights: next}}, fail }
	})
	image := func() string {
		return string(ask(t, h, "GET", "/v1/models/digits/images?class=3", "", "Authorization", "Bearer abc").body)
	}
	before := image()
	a := ask(t, h, "POST", "/v1/reload", "", "Authorization", "Bearer abc")
	if a.StatusCode != http.StatusConflict || strings.Contains(string(a.body), "secret") || image() != before {
		t.Errorf("%s %s", a.Status, a.body)
	}
	fail = nil
	if a := ask(t, h, "POST", "/v1/reload", ""); a.StatusCode != http.StatusUnauthorized || image() != before {
		t.Errorf("without a token: %s", a.Status)
	}
	if a := ask(t, h, "POST", "/v1/reload", "", "Authorization", "Bearer abc"); a.StatusCode != http.StatusOK || image() == before {
		t.Errorf("%s %s", a.Status, a.body)
	}
}

func TestProbesAndMetrics(t *testing.T) {
	h := newTest(t, nil)
	get(t, h, "/healthz")
	get(t, h, "/readyz")
	get(t, h, "/v1/models/digits/images?count=3")
	text := string(get(t, h, "/metrics"))
	for _, want := range []string{
		`cgan_requests_total{code="200",method="GET",route="/v1/models/{name}/images"} 1`, `cgan_batch_images_count 1`, "cgan_request_seconds_bucket",
		"cgan_queue_requests 0", "cgan_live_tensors", "process_resident_memory_bytes", "process_open_fds", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	h.Drain()
	if a := ask(t, h, "GET", "/readyz", ""); a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("%s", a.Status)
	}
	if a := ask(t, h, "GET", "/v1/models/digits/images", ""); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new drawing: %s", a.Status)
	}
	get(t, h, "/healthz")
}

// The document describes each path that there is.
func TestOpenAPINamesWhatIsServed(t *testing.T) {
	h := newTest(t, func(c *Config) { c.Runs = http.NotFoundHandler() })
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(get(t, h, "/openapi.json"), &document); err != nil || !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Fatal(err, document.OpenAPI)
	}
	for path, operations := range document.Paths {
		for _, method := range []string{"get", "post"} {
			a := ask(t, h, strings.ToUpper(method), strings.ReplaceAll(path, "{name}", "digits"), "{}")
			if _, described := operations[method]; described != (a.StatusCode != http.StatusMethodNotAllowed) {
				t.Errorf("%s %s: described %v, answered %s", method, path, described, a.Status)
			}
		}
	}
}
