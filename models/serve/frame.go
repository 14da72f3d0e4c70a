package serve

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed page openapi.json
var files embed.FS

var frame = template.Must(template.ParseFS(files, "page/frame.html"))

// Page is what one of the pages has of its own. Head, links, the form for a token and page.css are those of all; a script finds
// what it shares with others in /page.js.
type Page struct {
	Name    string // in the links
	Heading string
	Script  string        // path of a module
	Body    template.HTML // what follows the heading
}

type link struct{ Name, Path string }

// Handler answers with the page, which stays as it is. Runs says that there is one of runs, for the links.
func (p Page) Handler(runs bool) http.Handler {
	links := []link{{"Images", "/"}}
	if runs {
		links = append(links, link{"Runs", "/runs/"})
	}
	var out bytes.Buffer
	err := frame.Execute(&out, struct {
		Page
		Links []link
	}{p, append(links, link{"API", "/openapi.json"})})
	if err != nil {
		panic(err) // frame.html is at fault
	}
	return File(out.Bytes(), "text/html; charset=utf-8")
}

// File answers with content of a media type. That of another build is another one under the same name: it is asked for each time.
func File(content []byte, kind string) http.Handler {
	tag := etag(string(content))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", kind)
		if !unchanged(w, r, tag) {
			writeWhole(w, r, content)
		}
	})
}

// embedded is a file of this package.
func embedded(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the embedding is at fault
	}
	return content
}
