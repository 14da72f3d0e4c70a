package serve

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Who comes from elsewhere is refused, before anything is drawn, and each answer carries the headers that shut the page in.
func TestWhoIsLetIn(t *testing.T) {
	h := newTest(t, func(c *Config) {
		c.Hosts, c.Origins = []string{"cgan.example.org", "Other.example.org."}, []string{"https://friend.example", "HTTPS://Other.Friend.example:443"}
	})
	locked := newTest(t, func(c *Config) { c.Tokens = []string{"first", "second"} })
	const list = "/v1/models"
	for _, c := range []struct {
		name    string
		h       http.Handler
		method  string
		url     string
		headers []string
		status  int
	}{
		{"localhost", h, "GET", list, []string{"Host", "localhost:8080"}, 200},
		{"an address", h, "GET", list, []string{"Host", "127.0.0.1:8080"}, 200},
		{"an IPv6 address", h, "GET", list, []string{"Host", "[::1]:8080"}, 200},
		{"a name that was asked for", h, "GET", list, []string{"Host", "CGAN.example.org"}, 200},
		{"a whole name", h, "GET", list, []string{"Host", "other.example.org"}, 200},
		{"a whole name with its dot", h, "GET", list, []string{"Host", "other.example.org.:80"}, 200},
		{"DNS rebinding", h, "GET", list, []string{"Host", "evil.example"}, 421},
		{"a name with localhost in it", h, "GET", list, []string{"Host", "localhost.evil.example"}, 421},
		{"a name of digits", h, "GET", list, []string{"Host", "127.0.0.1.evil.example"}, 421},
		{"rebinding of the page", h, "GET", "/", []string{"Host", "evil.example"}, 421},
		{"rebinding of the metrics", h, "GET", "/metrics", []string{"Host", "evil.example"}, 421},
		{"its own origin", h, "GET", list, []string{"Origin", "http://localhost"}, 200},
		{"another origin", h, "GET", list, []string{"Origin", "http://evil.example"}, 403},
		{"another port", h, "GET", list, []string{"Origin", "http://localhost:1"}, 403},
		{"another scheme", h, "GET", list, []string{"Origin", "https://localhost"}, 403},
		{"a sandboxed frame", h, "GET", list, []string{"Origin", "null"}, 403},
		{"two origins", h, "GET", list, []string{"Origin", "http://localhost", "Origin", "http://evil.example"}, 403},
		{"an origin with a path", h, "GET", list, []string{"Origin", "http://localhost/x"}, 403},
		{"an origin with a user", h, "GET", list, []string{"Origin", "http://localhost@evil.example"}, 403},
		{"an origin that was asked for", h, "GET", list, []string{"Origin", "https://friend.example"}, 200},
		{"an origin that was asked for in capitals and with its port", h, "GET", list, []string{"Origin", "https://other.friend.example"}, 200},
		{"almost that origin", h, "GET", list, []string{"Origin", "https://friend.example.evil"}, 403},
		{"an image of another page", h, "GET", "/v1/models/digits/images", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"a form of another page", h, "POST", "/v1/models/digits/images", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 403},
		{"a preflight of another page", h, "OPTIONS", list, []string{"Origin", "http://evil.example", "Access-Control-Request-Method", "POST"}, 403},
		{"a preflight that was asked for", h, "OPTIONS", list, []string{"Origin", "https://friend.example", "Access-Control-Request-Method", "POST"}, 204},
		{"no token", locked, "GET", list, nil, 401},
		{"a wrong token", locked, "GET", list, []string{"Authorization", "Bearer third"}, 401},
		{"a part of a token", locked, "GET", list, []string{"Authorization", "Bearer firs"}, 401},
		{"more than a token", locked, "GET", list, []string{"Authorization", "Bearer firstt"}, 401},
		{"an empty token", locked, "GET", list, []string{"Authorization", "Bearer "}, 401},
		{"another kind", locked, "GET", list, []string{"Authorization", "Basic first"}, 401},
		{"a token in the URL", locked, "GET", list + "?token=first", nil, 401},
		{"metrics without a token", locked, "GET", "/metrics", nil, 401},
		{"a token", locked, "GET", list, []string{"Authorization", "Bearer second"}, 200},
		{"the page without a token", locked, "GET", "/", nil, 200},
		{"a probe without a token", locked, "GET", "/readyz", nil, 200},
		{"a way up", h, "GET", "/v1/../openapi.json", nil, 404},
		{"a way up, escaped", h, "GET", "/v1/models/%2e%2e/%2e%2e/metrics", nil, 404},
		{"a way up past the page", h, "GET", "/page/..%2f..%2fetc/passwd", nil, 404},
		{"a backslash", h, "GET", "/v1/models/..%5c..%5cx", nil, 404},
		{"a zero byte", h, "GET", "/v1/models/digits%00", nil, 404},
		{"two slashes", h, "GET", "//evil.example/v1/models", nil, 404},
	} {
		a := ask(t, c.h, c.method, c.url, "{}", c.headers...)
		if a.StatusCode != c.status {
			t.Errorf("%s: %s %s, want %d", c.name, a.Status, a.body, c.status)
		}
		if allowed := a.Header.Get("Access-Control-Allow-Origin"); allowed != "" && !strings.HasSuffix(allowed, "friend.example") {
			t.Errorf("%s: %s is allowed", c.name, allowed)
		}
		if csp := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", c.name, a.Header)
		}
		if p := (problem{}); c.status >= 400 && (json.Unmarshal(a.body, &p) != nil || p.Status != c.status) {
			t.Errorf("%s: no problem: %s", c.name, a.body)
		}
	}
}

// A cache must not give a page the answer that another one, or none, was given.
func TestAnswersVaryByOrigin(t *testing.T) {
	h := newTest(t, func(c *Config) { c.Origins = []string{"https://friend.example"} })
	for _, headers := range [][]string{nil, {"Origin", "https://friend.example"}, {"Origin", "http://evil.example"}, {"Host", "evil.example"}} {
		a := ask(t, h, "GET", "/v1/models/digits/images", "", headers...)
		if vary := strings.Join(a.Header.Values("Vary"), ", "); !strings.Contains(vary, "Origin") {
			t.Errorf("%v: %s varies by %q", headers, a.Status, vary)
		}
		shown := a.Header.Get("Access-Control-Expose-Headers")
		if len(headers) == 2 && a.StatusCode == http.StatusOK && !strings.Contains(shown, "X-Weights-Version") {
			t.Errorf("a page may read %q", shown)
		}
	}
	if vary := ask(t, newTest(t, nil), "GET", "/v1/models", "").Header.Values("Vary"); len(vary) > 0 {
		t.Errorf("without origins an answer varies by %v", vary)
	}
}

// What can't be a name, an origin or a token is refused at the start, and not in each request.
func TestConfigRefusesWhatNeverFits(t *testing.T) {
	for _, host := range []string{"", ".", "cgan.example.org/", "cgan..example.org", "https://cgan.example.org", "a:80", "a b", "m\u00fcnchen.example"} {
		c := Default()
		c.Hosts = []string{host}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "it must be a name without a port") {
			t.Errorf("the host %q: %v", host, err)
		}
	}
	for _, origin := range []string{"", "*", "null", "example.org", "https://", "https://example.org/", "https://example.org:", "https://*.example.org", "https://m\u00fcnchen.example", "ftp://example.org", "https://a@b"} {
		c := Default()
		c.Origins = []string{origin}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "it must be an origin") {
			t.Errorf("the origin %q: %v", origin, err)
		}
	}
	c := Default()
	c.Hosts, c.Origins, c.Tokens = []string{"my_service", "127.0.0.1"}, []string{"http://localhost:3000", "http://[::1]:80", "http://10.0.0.1"}, []string{"a-Z~"}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}
