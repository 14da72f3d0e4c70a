package runs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/models/serve"
)

const secret = "what nobody may read"

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// folder is one of runs with one good run, beside a file that is nobody's business.
func folder(t *testing.T) (runs, outside string) {
	t.Helper()
	dir := t.TempDir()
	runs, outside = filepath.Join(dir, "runs"), filepath.Join(dir, "outside")
	good := filepath.Join(runs, "00000-good")
	write(t, filepath.Join(good, "config.json"), `{"data":"/home/someone/pictures","out":"/home/someone/runs",
		"init":"/home/someone/runs/00003-old","judge":"../someone/judge.pt","yet":{"unknown":["/home/someone/x"]},"fit":"crop","lr":0.0002}`)
	write(t, filepath.Join(good, "stats.jsonl"), `{"epoch":1,"step":1,"loss_d":1,"loss_g":2,"d_x":0.5,"d_g_z":0.25}`+"\n")
	write(t, filepath.Join(good, "status.json"), `{"state":"finished","epochs":2,"steps":9}`)
	write(t, filepath.Join(good, "samples-000001.png"), "a grid")
	write(t, filepath.Join(outside, "config.json"), `{"secret":"`+secret+`"}`)
	write(t, filepath.Join(outside, "samples-000001.png"), secret)
	write(t, filepath.Join(outside, "stats.jsonl"), `{"epoch":1,"step":77,"loss_d":1}`+"\n")
	return runs, outside
}

// server is the whole server with the runs of a folder.
func server(t *testing.T, runs string) http.Handler {
	t.Helper()
	shown, err := NewHandler(runs)
	if err != nil {
		t.Fatal(err)
	}
	c := serve.Default()
	c.Runs = shown
	h, err := serve.NewHandler(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func get(h http.Handler, path string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "http://localhost"+path, nil))
	return w.Code, w.Body.String()
}

// A run is shown with its settings, but for places of the machine, with losses, grids and figures of cgan eval.
func TestARunIsShown(t *testing.T) {
	runs, _ := folder(t)
	write(t, filepath.Join(runs, "00000-good", "eval.json"), `{"file":"/home/someone/runs/00000-good","frechet":12.5}`)
	h := server(t, runs)
	code, body := get(h, "/v1/runs/00000-good")
	var run whole
	if err := json.Unmarshal([]byte(body), &run); err != nil || code != http.StatusOK {
		t.Fatal(code, err, body)
	}
	if len(run.Curve) != 1 || run.Curve[0].LossG != 2 || len(run.Grids) != 1 || run.Last.Step != 1 || run.State != "finished" || run.Figures["frechet"] != 12.5 {
		t.Errorf("%+v", run)
	}
	if strings.Contains(body, "someone") {
		t.Errorf("a place of the machine is shown: %s", body)
	}
	for name, want := range map[string]any{"data": "pictures", "init": "00003-old", "judge": "judge.pt", "fit": "crop", "lr": 0.0002} {
		if run.Settings[name] != want {
			t.Errorf("%s is %v, want %v", name, run.Settings[name], want)
		}
	}
	if code, body := get(h, "/v1/runs/00000-good/grids/1"); code != http.StatusOK || body != "a grid" {
		t.Errorf("%d %s", code, body)
	}
	if code, body := get(h, "/runs/"); code != http.StatusOK || !strings.Contains(body, "/runs/runs.js") || !strings.Contains(body, `href="/"`) {
		t.Errorf("%d %s", code, body)
	}
}

// Nothing leads out of the folder: no link, of whatever, and no way of writing "..".
func TestNothingLeadsOutOfTheFolder(t *testing.T) {
	runs, outside := folder(t)
	good := filepath.Join(runs, "00000-good")
	link(t, outside, filepath.Join(runs, "a-linked-run"))
	for _, name := range []string{"linked-config", "linked-stats", "linked-grid", "linked-status"} {
		write(t, filepath.Join(runs, name, "config.json"), "{}")
	}
	link(t, filepath.Join(outside, "config.json"), filepath.Join(runs, "linked-status", "status.json"))
	link(t, filepath.Join(outside, "config.json"), filepath.Join(runs, "linked-config", "eval.json"))
	link(t, filepath.Join(outside, "stats.jsonl"), filepath.Join(runs, "linked-stats", "stats.jsonl"))
	link(t, filepath.Join(outside, "samples-000001.png"), filepath.Join(runs, "linked-grid", "samples-000001.png"))
	if err := os.Mkdir(filepath.Join(runs, "only-a-link"), 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(outside, "config.json"), filepath.Join(runs, "only-a-link", "config.json"))
	link(t, filepath.Join("..", "..", "outside", "samples-000001.png"), filepath.Join(good, "samples-000002.png"))
	h := server(t, runs)
	_, list := get(h, "/v1/runs")
	for _, hidden := range []string{"a-linked-run", "only-a-link", "77"} {
		if strings.Contains(list, hidden) {
			t.Errorf("%s is listed: %s", hidden, list)
		}
	}
	for _, c := range []struct {
		path string
		code int
	}{
		{"/v1/runs/a-linked-run", 404},
		{"/v1/runs/a-linked-run/grids/1", 404},
		{"/v1/runs/only-a-link", 404},
		{"/v1/runs/linked-config", 200},
		{"/v1/runs/linked-stats", 200},
		{"/v1/runs/linked-status", 200},
		{"/v1/runs/linked-grid/grids/1", 404},
		{"/v1/runs/00000-good/grids/2", 404},
		{"/v1/runs/..", 404},
		{"/v1/runs/../outside", 404},
		{"/v1/runs/%2e%2e", 404},
		{"/v1/runs/%2e%2e/grids/1", 404},
		{"/v1/runs/..%2foutside", 404},
		{"/v1/runs/..%2foutside/grids/1", 404},
		{"/v1/runs/%252e%252e%252foutside", 404},
		{"/v1/runs/..%5coutside", 404},
		{"/v1/runs/00000-good%2f..%2f..%2foutside", 404},
		{"/v1/runs/00000-good%00", 404},
		{"/v1/runs/00000-good/grids/..%2f..%2foutside%2fsamples-000001", 404},
		{"/v1/runs/00000-good/grids/-1", 404},
		{"/v1/runs/00000-good/grids/01", 404},
		{"/v1/runs/00000-good/grids/1e0", 404},
		{"/v1/runs/00000-good/grids/99999999999999999999", 404},
		{"/v1/runs/00000-good/config.json", 404},
		{"/v1/runs/00000-good?x=1", 400},
		{"/runs/00000-good/config.json", 404},
		{"/runs/..%2f..%2fetc%2fpasswd", 404},
		{"/runs//etc/passwd", 404},
	} {
		code, body := get(h, c.path)
		if code != c.code || strings.Contains(body, secret) || strings.Contains(body, "77") && strings.Contains(c.path, "stats") {
			t.Errorf("%s: %d %s, want %d", c.path, code, body, c.code)
		}
		if strings.Contains(body, filepath.Dir(runs)) {
			t.Errorf("%s: a path of the machine: %s", c.path, body)
		}
	}
}

// A run that trains grows in the answers, and begins anew where it went back to a checkpoint.
func TestARunThatGrowsIsReadOn(t *testing.T) {
	runs, _ := folder(t)
	h := server(t, runs)
	log := filepath.Join(runs, "00000-good", "stats.jsonl")
	steps := func() (steps []int) {
		_, body := get(h, "/v1/runs/00000-good")
		var run whole
		if err := json.Unmarshal([]byte(body), &run); err != nil {
			t.Fatal(err)
		}
		for _, p := range run.Curve {
			steps = append(steps, p.Step)
		}
		return steps
	}
	line := func(step int) string { return fmt.Sprintf("{\"epoch\":1,\"step\":%d,\"loss_d\":1}\n", step) }
	text := line(1)
	grow := func(more string) {
		text += more
		write(t, log, text)
	}
	for _, c := range []struct {
		more string
		want string
	}{
		{"", "[1]"},
		{line(2) + `{"epoch":1,"st`, "[1 2]"}, // the last line is being written
		{`ep":3,"loss_d":1}` + "\n", "[1 2 3]"},
	} {
		grow(c.more)
		if got := fmt.Sprint(steps()); got != c.want {
			t.Errorf("after %q: %s, want %s", c.more, got, c.want)
		}
	}
	write(t, log, line(1)) // cut back
	if got := fmt.Sprint(steps()); got != "[1]" {
		t.Errorf("after it was cut: %s", got)
	}
	write(t, log, line(1)+line(2)+line(3))
	if got := fmt.Sprint(steps()); got != "[1 2 3]" {
		t.Errorf("after it grew: %s", got)
	}
	write(t, log, line(1)+`{"step":2,"loss_d":`+strings.Repeat("1", 80)+"}\n"+line(3)+line(4)) // within a line is now where it was read to
	if got := fmt.Sprint(steps()); got != "[1 2 3 4]" {
		t.Errorf("after it was cut and grew further: %s", got)
	}
	var many strings.Builder
	for step := range 5000 {
		many.WriteString(line(step + 1))
	}
	write(t, log, many.String())
	got := steps()
	if len(got) > maxPoints || len(got) < maxPoints/2 || got[len(got)-1] != 5000 {
		t.Errorf("5000 steps are %d points up to %d", len(got), got[len(got)-1])
	}
}

func TestNewHandlerNamesWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for path, want := range map[string]string{file: "it is no folder", file + "x": "there is no such folder"} {
		if _, err := NewHandler(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
