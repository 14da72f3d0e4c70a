package serve

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/models/picture"
	"cgan/weights/formats"
)

// digits are random weights of the article's network, small: what is drawn is noise, but of each class another.
var digits = models.Config{Noise: 6, NgF: 8, NdF: 4, Channels: 1, Size: 28, Classes: 10}

func weightsOf(t testing.TB, c models.Config, seed int64, names ...string) *models.Weights {
	t.Helper()
	w := &models.Weights{File: &formats.File{Path: "test.pt"}, Config: c, Classes: names}
	if names == nil {
		w.Classes = models.NumberedClasses(c.Classes)
	}
	err := torch.Do("make weights", func() (err error) {
		torch.ManualSeed(seed)
		g := c.NewGenerator()
		defer g.Free()
		w.Generator, err = models.StateDict(g.StateDict())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newTest is a handler with the model digits, or with others.
func newTest(t testing.TB, change func(*Config), all ...Model) *Handler {
	t.Helper()
	c := Default()
	if change != nil {
		change(&c)
	}
	if all == nil {
		all = []Model{{Name: "digits", Weights: weightsOf(t, digits, 1)}}
	}
	h, err := NewHandler(c, all...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

type answerOf struct {
	*http.Response
	body []byte
}

// ask sends one request; headers are names and values.
func ask(t testing.TB, h http.Handler, method, url, body string, headers ...string) answerOf {
	t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+url, bytes.NewReader([]byte(body)))
	if method == "POST" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := w.Result()
	content, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answerOf{a, content}
}

// get is the body of a GET that must succeed.
func get(t testing.TB, h http.Handler, url string) []byte {
	t.Helper()
	a := ask(t, h, "GET", url, "")
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s", url, a.Status, a.body)
	}
	return a.body
}

// direct draws as cgan generate does.
func direct(t testing.TB, w *models.Weights, how models.Compute, rows int, classes []int64, seed int64) models.Images {
	t.Helper()
	g, err := w.LoadGenerator()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Free()
	if err := g.Use(how); err != nil {
		t.Fatal(err)
	}
	images, err := g.Draw(w.Config, rows, classes, seed)
	if err != nil {
		t.Fatal(err)
	}
	return images
}

func TestImagesAreThoseOfDraw(t *testing.T) {
	w := weightsOf(t, digits, 1)
	h := newTest(t, nil, Model{Name: "digits", Weights: w})
	for _, p := range []models.Precision{models.F32, models.BF16} {
		images := direct(t, w, models.Compute{Precision: p}, 9, []int64{3, 5}, 7)
		var want bytes.Buffer
		if err := picture.Write(&want, images.Grid(2)); err != nil {
			t.Fatal(err)
		}
		if got := get(t, h, "/v1/models/digits/images?class=3,5&seed=7&count=9&precision="+string(p)); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: other bytes than Draw's", p)
		}
	}
}
