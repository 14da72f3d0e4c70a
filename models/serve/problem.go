package serve

import (
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strconv"
)

// problem is an error as RFC 9457 has it.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	ID     string `json:"request_id,omitempty"`

	retryAfter int // seconds, 0 for never
}

func newProblem(status int, detail string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// badRequest is for what openapi.json does not allow.
func badRequest(detail string) *problem { return newProblem(http.StatusBadRequest, detail) }

// unfit is for what has the right form, but not for this model, or is too much of it.
func unfit(detail string) *problem { return newProblem(http.StatusUnprocessableEntity, detail) }

func internal() *problem {
	return newProblem(http.StatusInternalServerError, "this request failed inside of the server: its log has the cause under the request's id")
}

func (p *problem) after(seconds int) *problem {
	p.retryAfter = seconds
	return p
}

func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	p.ID = w.Header().Get("X-Request-Id")
	h := w.Header()
	for _, name := range []string{"ETag", "Content-Encoding", "Content-Disposition", "Content-Length"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	text, _ := json.Marshal(p) // numbers and texts
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(text, '\n'))
	}
}

// Refuse answers with an error as the rest of a Handler does, for Config.Runs.
func Refuse(w http.ResponseWriter, r *http.Request, status int, detail string) {
	newProblem(status, detail).write(w, r)
}

func stack() string { return string(debug.Stack()) }
