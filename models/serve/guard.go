package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
)

// guard says who may ask.
type guard struct {
	hosts   []string
	tokens  [][sha256.Size]byte
	origins []string
}

func newGuard(c Config) guard {
	g := guard{hosts: []string{"localhost"}}
	for _, h := range c.Hosts {
		g.hosts = append(g.hosts, hostName(h))
	}
	for _, o := range c.Origins {
		g.origins = append(g.origins, originOf(o))
	}
	for _, t := range c.Tokens {
		g.tokens = append(g.tokens, sha256.Sum256([]byte(t)))
	}
	return g
}

// setHeaders are the same for all answers: the page takes everything from here and is shown in no frame.
func setHeaders(h http.Header, tls bool) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	if tls {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// check is nil for a request that may be answered. It answers a preflight itself.
func (g guard) check(w http.ResponseWriter, r *http.Request) *problem {
	if len(g.origins) > 0 { // a cache keeps what a page is answered apart from what others are
		w.Header().Add("Vary", "Origin")
	}
	if !g.knows(r.Host) {
		return newProblem(http.StatusMisdirectedRequest, "this server does not answer to that name: call it by its address, or have it started with the name")
	}
	if p := r.URL.Path; r.RequestURI != "*" && p != path.Clean(p) && p != path.Clean(p)+"/" || strings.ContainsAny(p, "\\\x00") {
		return newProblem(http.StatusNotFound, "there is nothing here: /openapi.json lists what is")
	}
	if p := g.checkOrigin(w, r); p != nil {
		return p
	}
	if r.Method == http.MethodOptions && w.Header().Get("Access-Control-Allow-Origin") != "" {
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if !g.open(r.URL.Path) && !g.carriesToken(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="cgan"`)
		return newProblem(http.StatusUnauthorized, "a token is needed: Authorization: Bearer TOKEN")
	}
	return nil
}

// knows keeps out a page whose name was made to point here (DNS rebinding): it can only come by a name. Addresses in digits and
// localhost can't be made to.
func (g guard) knows(host string) bool {
	name := hostName(hostOnly(host))
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return true
	}
	return slices.Contains(g.hosts, name) || host == "" // HTTP/1.0 has none, and no browser sends that
}

// hostName is a name as it is compared: in small letters, without the dot that ends a whole name.
func hostName(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// hostOnly is a host without its port.
func hostOnly(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// checkOrigin keeps pages of elsewhere out, but for those that were asked for.
func (g guard) checkOrigin(w http.ResponseWriter, r *http.Request) *problem {
	origins := r.Header.Values("Origin")
	if len(origins) == 1 && slices.Contains(g.origins, origins[0]) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", origins[0])
		h.Set("Access-Control-Expose-Headers", "ETag, X-Request-Id, X-Weights-Version, Retry-After")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		return nil
	}
	foreign := newProblem(http.StatusForbidden, "pages of other origins may not ask here")
	for _, o := range origins {
		u, err := url.Parse(o)
		if err != nil || !isOrigin(o) || !strings.EqualFold(u.Host, r.Host) || (u.Scheme == "https") != (r.TLS != nil) && !behindProxy(r) {
			return foreign
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site": // as an <img> of another page, which has no Origin
		if r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Method != http.MethodGet {
			return foreign
		}
	}
	return nil
}

// behindProxy says that TLS ends before this server, which sees http where the browser sees https. Browsers let no page set it.
func behindProxy(r *http.Request) bool { return r.Header.Get("X-Forwarded-Proto") == "https" }

// isOrigin says that text is scheme://host[:port] and nothing more.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.Scheme+"://"+u.Host == text
}

// originOf is an origin as browsers send it: in small letters, without the port that its scheme has anyhow; empty for what none sends.
func originOf(text string) string {
	text = strings.ToLower(text)
	u, err := url.Parse(text)
	if err != nil || !isOrigin(text) || !hostForm.MatchString(u.Hostname()) && net.ParseIP(u.Hostname()) == nil || strings.HasSuffix(text, ":") {
		return ""
	}
	return strings.TrimSuffix(text, map[string]string{"http": ":80", "https": ":443"}[u.Scheme])
}

// open says that a path shows nothing of models and runs: the page's own files, its description, and the probes.
func (g guard) open(path string) bool {
	return !strings.HasPrefix(path, "/v1/") && path != "/metrics"
}

// carriesToken compares with every token, each time as long.
func (g guard) carriesToken(r *http.Request) bool {
	if len(g.tokens) == 0 {
		return true
	}
	kind, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(given))
	found := 0
	for _, t := range g.tokens {
		found |= subtle.ConstantTimeCompare(t[:], sum[:])
	}
	return found == 1 && strings.EqualFold(kind, "Bearer")
}
