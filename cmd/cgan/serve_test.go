package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cgan/weights/pretrained"
)

// serving is a cgan serve in a process of its own.
type serving struct {
	*exec.Cmd
	out          io.Reader
	url, address string
	mutex        sync.Mutex
	log          bytes.Buffer
}

// Write takes the log.
func (s *serving) Write(b []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.log.Write(b)
}

func (s *serving) said() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.log.String()
}

// startServe serves the model digits, in a file that a test may replace.
func startServe(t *testing.T, weights string, flags ...string) *serving {
	t.Helper()
	return startServing(t, append([]string{"--weights", "digits=" + weights}, flags...)...)
}

func startServing(t *testing.T, flags ...string) *serving {
	t.Helper()
	s := beginServing(t, []string{os.Args[0]}, flags...)
	s.serves(t)
	return s
}

// beginServing does not wait until it serves.
func beginServing(t *testing.T, program []string, flags ...string) *serving {
	t.Helper()
	s := &serving{}
	s.Cmd = exec.CommandContext(t.Context(), program[0], append(append(program[1:], "serve", "--addr", "127.0.0.1:0", "--device", "cpu"), flags...)...)
	s.Env = append(os.Environ(), asMain+"=1")
	s.Stderr = s
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	s.out = out
	t.Cleanup(func() {
		if s.ProcessState == nil {
			_ = s.Process.Kill()
			_ = s.Wait()
		}
	})
	return s
}

// serves waits until it does.
func (s *serving) serves(t *testing.T) {
	t.Helper()
	line, err := bufio.NewReader(s.out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, s.said())
	}
	s.url = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(line, "serving on ")), "/")
	_, s.address, _ = strings.Cut(s.url, "://")
}

// Without a word there are the generators that ship with cgan.
func TestServeHasWhatShips(t *testing.T) {
	s := startServing(t)
	answer, err := http.Get(s.url + "/v1/models")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	for _, name := range pretrained.Names() {
		if err != nil || !strings.Contains(string(text), `"`+name+`"`) {
			t.Errorf("no %s in %s, %v", name, text, err)
		}
	}
}

// exit waits for the end.
func (s *serving) exit(t *testing.T) int {
	t.Helper()
	ended := make(chan struct{})
	go func() { _ = s.Wait(); close(ended) }() // the code says it
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatalf("it goes on: %s", s.said())
	}
	return s.ProcessState.ExitCode()
}

// fetch is status and body of a GET on a connection of its own.
func (s *serving) fetch(t *testing.T, path string) (int, string) {
	t.Helper()
	return fetchBy(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, s.url+path)
}

func fetchBy(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	a, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(body)
}

// weightsFile is a file of a small generator, each time another one.
func weightsFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "digits.safetensors")
	mustInvoke(t, "export", smallRun(t), "--out", path)
	return path
}

const anImage = "/v1/models/digits/images?class=3&seed=7"

// What is no request, or never comes to its end, is refused or cut off, and meanwhile others are answered.
func TestConnectionsThatMeanHarm(t *testing.T) {
	s := startServe(t, weightsFile(t))
	const host = "Host: localhost\r\n"
	get := "GET " + anImage + " HTTP/1.1\r\n"
	post := "POST /v1/models/digits/images HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n"
	for name, c := range map[string]struct {
		sent    string
		endless string // sent again and again
		want    string // of the answer's first line; empty for a connection that is closed without one
	}{
		"endless headers":            {get + host, "X-More: more and more and more\r\n", "431"},
		"an endless header":          {get + host + "X-More: ", strings.Repeat("x", 1000), "431"},
		"an endless path":            {"GET /", strings.Repeat("x", 1000), "431"},
		"an endless body":            {post + "Transfer-Encoding: chunked\r\n\r\n", "400\r\n" + strings.Repeat(" ", 1024) + "\r\n", "413"},
		"a body said to be huge":     {post + "Content-Length: 1000000000000000000\r\n\r\n", "", "413"},
		"a body that does not come":  {post + "Content-Length: 100\r\n\r\n{", "", "400"},
		"a negative length":          {post + "Content-Length: -5\r\n\r\n", "", "400"},
		"two lengths":                {post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", "", "400"},
		"a chunk of no length":       {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "", "400"},
		"an unknown encoding":        {post + "Transfer-Encoding: xchunked\r\n\r\n", "", "501"},
		"nothing":                    {"", "", ""},
		"half of a request":          {get + "Ho", "", "400"},
		"no Host":                    {get + "\r\n", "", "400"},
		"two Hosts":                  {get + host + host + "\r\n", "", "400"},
		"a Host with a line in it":   {get + "Host: local\x00host\r\n\r\n", "", "400"},
		"another Host in the target": {"GET http://evil.example" + anImage + " HTTP/1.1\r\n" + host + "\r\n", "", "421"},
		"a proxy's request":          {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "", "421"},
		"no HTTP":                    {"SSH-2.0-client\r\n\r\n", "", "400"},
		"TLS where there is none":    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "", "400"},
		"a broken HTTP/2 preface":    {"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "", "400"},
		"frames that are none":       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + strings.Repeat("\xff", 64), "", "\x00\x00"},
		"a space in the header":      {get + host + "X y : z\r\n\r\n", "", "400"},
		"a count of 1e9":             {"GET /v1/models/digits/images?count=1000000000 HTTP/1.1\r\n" + host + "\r\n", "", "400"},
		"a body with a GET":          {get + host + "Content-Length: 2000000\r\n\r\n", "", "200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := send(t, s.address, c.sent, c.endless); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("%q, want %s", got, c.want)
			}
		})
	}
	t.Run("others meanwhile", func(t *testing.T) {
		t.Parallel()
		for range 20 {
			if code, _ := s.fetch(t, anImage); code != http.StatusOK {
				t.Errorf("answered %d", code)
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
}

// send writes bytes until the other side has had enough, and gives the first line that comes back.
func send(t *testing.T, address, once, endless string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	begin := time.Now()
	_ = c.SetDeadline(begin.Add(25 * time.Second))
	go func() {
		_, err := io.WriteString(c, once)
		for sent := 0; endless != "" && err == nil && sent < 64<<20; sent += len(endless) {
			_, err = io.WriteString(c, endless)
		}
	}()
	reader := bufio.NewReader(c)
	line, err := reader.ReadString('\n')
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection is open after %v", time.Since(begin))
	}
	return line
}

// Many connections that say nothing keep nobody out, nor does a client that takes no answer.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	s := startServe(t, weightsFile(t))
	for i := range 300 {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			fmt.Fprintf(c, "GET /v1/models/digits/images?count=1000&format=npz HTTP/1.1\r\nHost: localhost\r\n")
		}
		if i%50 == 0 {
			fmt.Fprintf(c, "\r\n")
		}
	}
	begin := time.Now()
	if code, _ := s.fetch(t, anImage); code != http.StatusOK || time.Since(begin) > 5*time.Second {
		t.Errorf("answered %d after %v", code, time.Since(begin))
	}
}

// The same bytes come by HTTP/1.0, HTTP/1.1 and HTTP/2 without TLS.
func TestEveryHTTP(t *testing.T) {
	s := startServe(t, weightsFile(t))
	_, want := s.fetch(t, anImage)
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", anImage)
	old, err := io.ReadAll(c) // it ends: the connection is closed
	if err != nil || !strings.HasPrefix(string(old), "HTTP/1.0 200") || !strings.HasSuffix(string(old), "\r\n\r\n"+want) {
		t.Errorf("HTTP/1.0: %v %.200q", err, old)
	}
	two := &http.Transport{Protocols: new(http.Protocols)}
	two.Protocols.SetUnencryptedHTTP2(true)
	a, err := (&http.Client{Transport: two}).Get(s.url + anImage)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if body, err := io.ReadAll(a.Body); err != nil || a.ProtoMajor != 2 || string(body) != want {
		t.Errorf("HTTP/2: %s, %v", a.Proto, err)
	}
}

// A connection of HTTP/2 has few requests at once, whatever the number of connections is.
func TestAConnectionHasFewStreams(t *testing.T) {
	s := startServe(t, weightsFile(t))
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00") // with no settings
	header := make([]byte, 9)
	if _, err := io.ReadFull(c, header); err != nil || header[3] != 4 {
		t.Fatal(err, header)
	}
	settings := make([]byte, binary.BigEndian.Uint32(header)>>8) // six bytes each
	if _, err := io.ReadFull(c, settings); err != nil {
		t.Fatal(err)
	}
	for setting := range slices.Chunk(settings, 6) {
		if most := binary.BigEndian.Uint32(setting[2:]); binary.BigEndian.Uint16(setting) == 3 && most != maxStreams {
			t.Errorf("%d streams", most)
		}
	}
}

// begun is a POST whose body has not come to its end.
func begun(t *testing.T, s *serving) (finish func() (int, error)) {
	t.Helper()
	body, end := io.Pipe()
	r, err := http.NewRequestWithContext(context.Background(), "POST", s.url+"/v1/models/digits/images", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	code, failure := 0, make(chan error, 1)
	go func() {
		a, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			code = a.StatusCode
			_, err = io.Copy(io.Discard, a.Body)
		}
		failure <- err
	}()
	if _, err := io.WriteString(end, `{"class":3,`); err != nil {
		t.Fatal(err)
	}
	for range 500 { // until it is under way
		if _, metrics := s.fetch(t, "/metrics"); strings.Contains(metrics, "cgan_requests_under_way 1\n") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return func() (int, error) {
		_, _ = io.WriteString(end, `"seed":7}`) // where nobody reads any more, the answer says it
		_ = end.Close()
		err := <-failure
		return code, err
	}
}

// SIGTERM: /readyz turns, what is under way is finished, nothing new is begun, and the program ends with 143.
func TestSIGTERMFinishesWhatIsUnderWay(t *testing.T) {
	s := startServe(t, weightsFile(t))
	finish := begun(t, s)
	if code, _ := s.fetch(t, "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz is %d before", code)
	}
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ready := 0
	for range 500 {
		if ready, _ = s.fetch(t, "/readyz"); ready == http.StatusServiceUnavailable {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if ready != http.StatusServiceUnavailable {
		t.Errorf("/readyz is %d", ready)
	}
	if code, _ := s.fetch(t, anImage); code != http.StatusServiceUnavailable {
		t.Errorf("a new request is answered %d", code)
	}
	if code, err := finish(); err != nil || code != http.StatusOK {
		t.Errorf("what was under way: %d, %v", code, err)
	}
	if code := s.exit(t); code != 143 {
		t.Errorf("exit code %d: %s", code, s.said())
	}
}

// What does not come to its end is cut off after --drain.
func TestDrainIsBounded(t *testing.T) {
	s := startServe(t, weightsFile(t), "--drain", "300ms")
	finish := begun(t, s)
	begin := time.Now()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.exit(t); code != 143 || time.Since(begin) > 5*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(begin))
	}
	if _, err := finish(); err == nil {
		t.Error("a request that was cut off was answered")
	}
	if !strings.Contains(s.said(), "cut off") {
		t.Errorf("the log does not say it: %s", s.said())
	}
}

// version is the one of the model now.
func (s *serving) version(t *testing.T, client *http.Client) string {
	t.Helper()
	_, body := fetchBy(t, client, s.url+"/v1/models/digits")
	var m struct{ Version string }
	if err := json.Unmarshal([]byte(body), &m); err != nil || m.Version == "" {
		t.Fatalf("%v: %s", err, body)
	}
	return m.Version
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s: not in 10 s", what)
}

// SIGHUP serves what is in the files now, or, where that can't be read, what was served before. POST /v1/reload does too, for a token.
func TestReloadTakesWholeWeightsAlone(t *testing.T) {
	path := weightsFile(t)
	s := startServe(t, path, "--token", "abc")
	client := &http.Client{Transport: carrying("abc")}
	first := s.version(t, client)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(good)
	other[len(other)-1] ^= 1 // the last bit of the last number's sign and exponent
	hangup := func(content []byte, says string) {
		writeFile(t, path, content)
		before := strings.Count(s.said(), says)
		if err := s.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the log says "+says, func() bool { return strings.Count(s.said(), says) > before })
	}
	hangup(other, `"msg":"reload"`)
	second := s.version(t, client)
	if second == first {
		t.Error("the weights of before are served")
	}
	hangup(good[:len(good)/2], `"level":"ERROR","msg":"reload"`)
	if s.version(t, client) != second {
		t.Error("half of a file is served")
	}
	a, err := client.Post(s.url+"/v1/reload", "", nil)
	if err != nil || a.StatusCode != http.StatusConflict {
		t.Errorf("POST /v1/reload of half a file: %v %v", a, err)
	}
	writeFile(t, path, good)
	if a, err := http.Post(s.url+"/v1/reload", "", nil); err != nil || a.StatusCode != http.StatusUnauthorized {
		t.Errorf("POST /v1/reload without a token: %v %v", a, err)
	}
	if a, err := client.Post(s.url+"/v1/reload", "", nil); err != nil || a.StatusCode != http.StatusOK || s.version(t, client) != first {
		t.Errorf("POST /v1/reload: %v %v", a, err)
	}
}

// A SIGHUP while the server starts is no end, also where it was ignored, as under nohup: it reloads once there is something to reload.
func TestSIGHUPAtTheStartReloads(t *testing.T) {
	weights := weightsFile(t)
	for _, program := range [][]string{{os.Args[0]}, {"sh", "-c", `trap "" HUP; exec "$0" "$@"`, os.Args[0]}} {
		tokens := filepath.Join(t.TempDir(), "tokens")
		if err := syscall.Mkfifo(tokens, 0o600); err != nil {
			t.Fatal(err)
		}
		s := beginServing(t, program, "--weights", weights, "--token-file", tokens)
		pipe, err := os.OpenFile(tokens, os.O_WRONLY, 0) // which waits until they are read
		if err == nil {
			err = s.Process.Signal(syscall.SIGHUP)
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)    // the signal comes before the server goes on
		_, _ = io.WriteString(pipe, "abc\n") // where it has ended, the next line says it
		pipe.Close()
		s.serves(t)
		eventually(t, "a reload", func() bool { return strings.Contains(s.said(), `"msg":"reload","of":"weights"`) })
		if err := s.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if code := s.exit(t); code != 143 {
			t.Errorf("exit code %d: %s", code, s.said())
		}
	}
}

// carrying adds a token to each request.
type carrying string

// RoundTrip sends one.
func (c carrying) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+string(c))
	return http.DefaultTransport.RoundTrip(r)
}

// writeCertificate writes a new certificate for localhost and its key.
func writeCertificate(t *testing.T, cert, key string) *x509.Certificate {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{SerialNumber: serial, NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	writeFile(t, key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text}))
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// trusting is a client that trusts one certificate alone.
func trusting(c *x509.Certificate, most uint16) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: most}}}
}

// HTTPS by the certificate in the files, HTTP/2 on it, nothing older than TLS 1.2, no plain HTTP, and a new certificate after SIGHUP.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writeCertificate(t, cert, key)
	s := startServe(t, weightsFile(t), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.url, "https://") {
		t.Fatal(s.url)
	}
	a, err := trusting(first, 0).Get(s.url + anImage)
	if err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != http.StatusOK || a.ProtoMajor != 2 || a.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s %s %v", a.Proto, a.Status, a.Header)
	}
	if _, err := trusting(first, tls.VersionTLS11).Get(s.url + anImage); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if a, err := http.Get("http://" + s.address + anImage); err == nil && a.StatusCode != http.StatusBadRequest {
		t.Errorf("plain HTTP is answered %s", a.Status)
	}
	second := writeCertificate(t, cert, key)
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new certificate", func() bool { _, err := trusting(second, 0).Get(s.url + "/healthz"); return err == nil })
	writeFile(t, key, []byte("nonsense"))
	if err := s.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an error in the log", func() bool { return strings.Contains(s.said(), `"level":"ERROR","msg":"reload"`) })
	if _, err := trusting(second, 0).Get(s.url + "/healthz"); err != nil {
		t.Errorf("after a key that can't be read: %v", err)
	}
}

// SIGHUP reads weights and certificate each for itself: where one can't be read, the other is new all the same, and the log says of each.
func TestWeightsAndCertificateAreReadEachForItself(t *testing.T) {
	dir, weights := t.TempDir(), weightsFile(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := writeCertificate(t, cert, key)
	s := startServe(t, weights, "--tls-cert", cert, "--tls-key", key)
	before := s.version(t, trusting(first, 0))
	good, err := os.ReadFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	hangup := func(says ...string) {
		t.Helper()
		from := len(s.said())
		if err := s.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for _, text := range says {
			eventually(t, text, func() bool { return strings.Contains(s.said()[from:], text) })
		}
	}

	writeFile(t, weights, good[:len(good)/2])
	second := writeCertificate(t, cert, key)
	hangup(`"level":"ERROR","msg":"reload","of":"weights"`, `"level":"INFO","msg":"reload","of":"certificate"`)
	if s.version(t, trusting(second, 0)) != before {
		t.Error("half of a file is served")
	}

	good[len(good)-1] ^= 1
	writeFile(t, weights, good)
	writeFile(t, key, []byte("nonsense"))
	hangup(`"level":"INFO","msg":"reload","of":"weights"`, `"level":"ERROR","msg":"reload","of":"certificate"`)
	if s.version(t, trusting(second, 0)) == before {
		t.Error("the weights of before are served")
	}
}

func TestServeRefusesWhatIsWrong(t *testing.T) {
	weights, dir := weightsFile(t), t.TempDir()
	empty := writeFile(t, filepath.Join(dir, "tokens"), []byte("# none\n\n"))
	wrong := writeFile(t, filepath.Join(dir, "wrong"), []byte("# two\ngood\ntwo words\n"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, c := range map[string]struct {
		code int
		args []string
	}{
		"others reach this address":   {exitUsage, []string{weights, "--addr", "0.0.0.0:0"}},
		"it must be HOST:PORT":        {exitUsage, []string{weights, "--addr", "8080"}},
		"--token must be":             {exitUsage, []string{weights, "--token", "two words"}},
		"/wrong, line 3: a token mu":  {exitUsage, []string{weights, "--token-file", wrong}},
		"there is no token in it":     {exitUsage, []string{weights, "--token-file", empty}},
		"--token-file: open":          {exitUsage, []string{weights, "--token-file", filepath.Join(dir, "nothing")}},
		"--tls-cert and --tls-key go": {exitUsage, []string{weights, "--tls-cert", empty}},
		"--tls-cert, --tls-key: ":     {exitUsage, []string{weights, "--tls-cert", empty, "--tls-key", empty}},
		"it must be an origin":        {exitUsage, []string{weights, "--cors", "*"}},
		"it must be a name without":   {exitUsage, []string{weights, "--host", "a:80"}},
		`--host is "cgan.example.o/"`: {exitUsage, []string{weights, "--host", "cgan.example.o/"}},
		"--queue is 0":                {exitUsage, []string{weights, "--queue", "0"}},
		"--drain is -1s":              {exitUsage, []string{weights, "--drain=-1s"}},
		"--runs " + dir + "/no":       {exitUsage, []string{weights, "--runs", dir + "/no"}},
		"is called digits too":        {exitUsage, []string{weights, "--weights", "digits=" + weights}},
		"a model can't be called":     {exitUsage, []string{dir + "/a b"}},
		"there is no such file":       {exitData, []string{dir + "/missing.pt"}},
		"address already in use":      {exitFailure, []string{weights, "--addr", taken.Addr().String(), "--device", "cpu"}},
	} {
		code, stdout, stderr := invoke(append([]string{"serve"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%v: exit code %d, %q, want %d and %q", c.args, code, stderr, c.code, want)
		}
	}
}

// The unit and the manifest start cgan with flags that it has.
func TestDeployedFlagsExist(t *testing.T) {
	known := map[string]bool{}
	for _, f := range serveCommand().Flags {
		known[f.Names()[0]] = true
	}
	for _, name := range []string{"cgan.service", "kubernetes.yaml"} {
		content, err := os.ReadFile(filepath.Join("deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`[ -]--([a-z-]+)[ =][^ ]`).FindAllStringSubmatch(regexp.MustCompile(`.*kubectl.*`).ReplaceAllString(string(content), ""), -1)
		if len(found) < 2 {
			t.Errorf("%s: flags %v", name, found)
		}
		for _, f := range found {
			if !known[f[1]] {
				t.Errorf("%s: serve has no --%s", name, f[1])
			}
		}
	}
}

// Prometheus would be answered 401 without a token, and a built image is in no registry.
func TestTheManifestAsksForWhatItGets(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("deploy", "kubernetes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if strings.Contains(text, "--token") && strings.Contains(text, "prometheus.io/scrape") {
		t.Error("metrics are asked for without a token")
	}
	if strings.Contains(text, ":latest") && !strings.Contains(text, "imagePullPolicy: IfNotPresent") {
		t.Error("Kubernetes looks for the image in a registry each time")
	}
}
