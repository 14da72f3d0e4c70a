package serve

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"mime"
	"net/http"
	"strings"
	"time"

	"cgan/models/imageset"
	"cgan/models/picture"
	"cgan/weights"
	"cgan/weights/npz"
)

// images answers with images of classes, seeds or noise.
func (h *Handler) images(w http.ResponseWriter, r *http.Request) *problem {
	shelf, m, p := h.model(r)
	if p != nil {
		return p
	}
	defer shelf.release()
	room := &place{gate: &h.gate}
	defer room.leave()
	var d *drawing
	if r.Method == http.MethodPost {
		d, p = parsePosted(w, r, m, room)
	} else {
		d, p = parseImages(r, m)
	}
	if p != nil {
		return p
	}
	return h.answer(w, r, shelf, d, room)
}

// interpolation answers with images on the way between two classes and two noises.
func (h *Handler) interpolation(w http.ResponseWriter, r *http.Request) *problem {
	shelf, m, p := h.model(r)
	if p != nil {
		return p
	}
	defer shelf.release()
	d, p := parseWalk(r, m)
	if p != nil {
		return p
	}
	room := &place{gate: &h.gate}
	defer room.leave()
	return h.answer(w, r, shelf, d, room)
}

// kinds are the formats' media types.
var kinds = map[string]string{
	"png": "image/png", "gif": "image/gif", "json": "application/json", "npz": "application/vnd.numpy.npz", "zip": "application/zip",
}

// answer draws and writes. The tag is known before anything is drawn: the same key gives the same bytes.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, shelf *shelf, d *drawing, room *place) *problem {
	head := w.Header()
	head.Set("Content-Type", kinds[d.format])
	head.Set("Cache-Control", h.cacheControl(d))
	head.Set("X-Weights-Version", d.model.Version)
	if len(h.config.Tokens) > 0 {
		head.Add("Vary", "Authorization")
	}
	if r.Method != http.MethodPost && unchanged(w, r, etag(d.key())) {
		return nil
	}
	if d.format == "zip" || d.format == "npz" {
		head.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.model.Name + "." + d.format}))
	}
	if r.Method == http.MethodHead {
		return nil
	}
	if e, ok := w.(*exchange); ok && e.late {
		head.Set("Connection", "close")
		return newProblem(http.StatusServiceUnavailable, "this server is ending").after(1)
	}
	if p := room.take(d.bytes()); p != nil {
		return p
	}
	pixels, p := h.draw(w, r, shelf, d)
	if p != nil {
		return p
	}
	content, err := d.encode(pixels)
	if err != nil { // as pixels that are no numbers
		h.config.Log.Error("answer", "id", head.Get("X-Request-Id"), "cause", err.Error())
		return newProblem(http.StatusInternalServerError, "the images can't be shown: the weights may hold values that are no numbers")
	}
	writeWhole(w, r, content)
	return nil
}

// cacheControl lets an answer be kept for ever where its URL says of which version it is: without it the same URL shows other
// images when the model has been replaced, so that it is asked for again, which its tag makes cheap.
func (h *Handler) cacheControl(d *drawing) string {
	who := "public"
	if len(h.config.Tokens) > 0 {
		who = "private"
	}
	if d.pinned {
		return who + ", max-age=31536000, immutable"
	}
	return who + ", no-cache"
}

// draw waits for the pixels of a drawing.
func (h *Handler) draw(w http.ResponseWriter, r *http.Request, shelf *shelf, d *drawing) ([]float32, *problem) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	pixels, err := h.batcher.do(&job{ctx: ctx, shelf: shelf, g: d.model.generators[d.precision], d: d})
	switch {
	case err == nil:
		return pixels, nil
	case r.Context().Err() != nil: // nobody reads what is answered
		return nil, newProblem(statusGone, "the client has gone")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, errClosed):
		return nil, newProblem(http.StatusServiceUnavailable, "the images were not drawn in time: ask again").after(1)
	}
	h.config.Log.Error("drawing", "id", w.Header().Get("X-Request-Id"), "cause", err.Error())
	return nil, internal()
}

// statusGone is what nginx notes of a client that closed its connection.
const statusGone = 499

// encode is the body of an answer.
func (d *drawing) encode(pixels []float32) ([]byte, error) {
	var out bytes.Buffer
	var err error
	switch d.format {
	case "png":
		err = d.writePNG(&out, d.grid(pixels, d.columns))
	case "gif":
		err = d.writeGIF(&out, pixels)
	case "json":
		err = d.writeJSON(&out, pixels)
	case "npz":
		err = d.writeNPZ(&out, pixels)
	case "zip":
		err = d.writeZip(&out, pixels)
	}
	return out.Bytes(), err
}

// grid is all images in rows of so many; black ones fill the last.
func (d *drawing) grid(pixels []float32, columns int) picture.Grid {
	size := d.model.values()
	rows := (len(pixels)/size + columns - 1) / columns
	for len(pixels) < rows*columns*size {
		pixels = append(pixels, -1)
	}
	return picture.Grid{Pixels: pixels, Rows: rows, Columns: columns, Channels: d.model.Channels, Height: d.model.Height, Width: d.model.Width}
}

func (d *drawing) render(g picture.Grid) (image.Image, error) {
	m, err := picture.Render(g)
	if err == nil && d.scale > 1 {
		m = picture.Enlarge(m, d.scale)
	}
	return m, err
}

func (d *drawing) writePNG(out *bytes.Buffer, g picture.Grid) error {
	m, err := d.render(g)
	if err != nil {
		return err
	}
	return picture.Encode(out, m)
}

// one is the grid of one image.
func (d *drawing) one(pixels []float32, i int) picture.Grid {
	size := d.model.values()
	return d.grid(pixels[i*size:][:size:size], 1)
}

const (
	walkTime = 80 * time.Millisecond  // that a step of a walk is shown
	rowTime  = 400 * time.Millisecond // that a row of images is shown
)

// writeGIF shows a walk step by step, there and back, and other images row by row.
func (d *drawing) writeGIF(out *bytes.Buffer, pixels []float32) error {
	columns, each := d.frameColumns(), rowTime
	if d.walk {
		each = walkTime
	}
	var frames []*image.Paletted
	size := d.model.values() * columns
	for at := 0; at < len(pixels); at += size {
		m, err := d.render(d.grid(pixels[at:min(at+size, len(pixels)):min(at+size, len(pixels))], columns))
		if err != nil {
			return err
		}
		frames = append(frames, picture.Frame(m))
	}
	if d.walk {
		for i := len(frames) - 2; i > 0; i-- {
			frames = append(frames, frames[i])
		}
	}
	return picture.WriteGIF(out, frames, each, each)
}

// shownImage is an image in JSON.
type shownImage struct {
	Class *int64   `json:"class,omitempty"`
	Name  string   `json:"name,omitempty"`
	Seed  *int64   `json:"seed,omitempty"`
	Row   *int     `json:"row,omitempty"` // of the seed's noise
	T     *float64 `json:"t,omitempty"`   // place on the way
	PNG   string   `json:"png"`           // base64
}

func (d *drawing) writeJSON(out *bytes.Buffer, pixels []float32) error {
	all := make([]shownImage, d.n())
	for i := range all {
		var png bytes.Buffer
		if err := d.writePNG(&png, d.one(pixels, i)); err != nil {
			return err
		}
		s := shownImage{PNG: base64.StdEncoding.EncodeToString(png.Bytes())}
		if class, name := d.class(i); class >= 0 {
			s.Class, s.Name = &class, name
		}
		if from := d.want(i).at; from.values == nil {
			s.Seed, s.Row = &from.seed, &from.row
		}
		if d.walk {
			s.T = &d.wants[i].t
		}
		all[i] = s
	}
	return json.NewEncoder(out).Encode(map[string]any{"model": d.model.Name, "version": d.model.Version, "precision": d.precision, "images": all})
}

// writeNPZ writes images [N, C, H, W] in [-1, 1], labels [N] where there are classes, and seeds and rows [N] where none was given noise.
func (d *drawing) writeNPZ(out *bytes.Buffer, pixels []float32) error {
	n, m := int64(d.n()), d.model
	images, err := weights.FromFloat32s(pixels, n, int64(m.Channels), int64(m.Height), int64(m.Width))
	if err != nil {
		return err
	}
	arrays := weights.StateDict{{Key: "images", Tensor: images}}
	var labels, seeds, rows []int64
	for i := range d.n() {
		if class, _ := d.class(i); class >= 0 {
			labels = append(labels, class)
		}
		if from := d.want(i).at; from.values == nil {
			seeds, rows = append(seeds, from.seed), append(rows, int64(from.row))
		}
	}
	for _, column := range []struct {
		name   string
		values []int64
	}{{"labels", labels}, {"seeds", seeds}, {"rows", rows}} {
		if int64(len(column.values)) == n && !(d.walk && column.name != "labels") {
			data := make([]byte, 0, 8*n)
			for _, v := range column.values {
				data = binary.LittleEndian.AppendUint64(data, uint64(v))
			}
			arrays = append(arrays, weights.Entry{Key: column.name, Tensor: weights.Tensor{DType: weights.I64, Shape: []int64{n}, Data: data}})
		}
	}
	return npz.Write(out, arrays)
}

// writeZip writes a folder for each class.
func (d *drawing) writeZip(out *bytes.Buffer, pixels []float32) error {
	archive := zip.NewWriter(out)
	folders := imageset.ZipNames(d.model.Classes)
	for i := range d.n() {
		name := fmt.Sprintf("%04d", i)
		if from := d.want(i).at; from.values == nil && !d.walk {
			name += fmt.Sprintf("-seed-%d-row-%d", from.seed, from.row)
		}
		if class, _ := d.class(i); class >= 0 && !d.walk {
			name = folders[class] + "/" + name
		}
		var png bytes.Buffer
		err := d.writePNG(&png, d.one(pixels, i))
		if err != nil {
			return err
		}
		record, err := archive.CreateHeader(&zip.FileHeader{Name: name + ".png", Method: zip.Store}) // PNG is deflated
		if err == nil {
			_, err = record.Write(png.Bytes())
		}
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

// etag is a strong one of what decides over an answer's bytes.
func etag(of string) string {
	sum := sha256.Sum256([]byte(of))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// unchanged sets the tag, and answers 304 where the client has what it stands for.
func unchanged(w http.ResponseWriter, r *http.Request, tag string) bool {
	w.Header().Set("ETag", tag)
	for _, given := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if given = strings.TrimPrefix(strings.TrimSpace(given), "W/"); given == tag || given == "*" {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// answerJSON answers with a value that may be another one the next time.
func answerJSON(w http.ResponseWriter, r *http.Request, value any) *problem {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it is made of numbers and texts
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	writeWhole(w, r, append(text, '\n'))
	return nil
}
