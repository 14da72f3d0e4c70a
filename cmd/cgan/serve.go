package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"cgan/cmd/cgan/internal/runs"
	"cgan/models"
	"cgan/models/serve"
	"cgan/weights/pretrained"

	"github.com/urfave/cli/v2"
	"golang.org/x/net/netutil"
)

// The limits of a connection. An answer has one of its own in models/serve.
const (
	headerTime     = 5 * time.Second
	bodyTime       = 10 * time.Second
	answerTime     = 90 * time.Second
	idleTime       = 60 * time.Second
	maxHeader      = 16 << 10
	maxConnections = 4096
	maxStreams     = 32 // requests at once on a connection of HTTP/2
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "answer with images over HTTP: a page to look at, and an API",
		ArgsUsage: "[RUN_OR_FILE ...]",
		Description: "Each model goes by the name of its run folder or file, or by the one in NAME=RUN_OR_FILE. The same\n" +
			"weights, class and seed give the bytes of generate. /openapi.json describes the API.\n\n" +
			"SIGHUP reads the weights and the certificate anew, each for itself. SIGTERM and Ctrl-C finish what is\n" +
			"under way, up to --drain, and then end with 143 and 130.",
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "weights", Usage: "run folder or weights file `RUN_OR_FILE` of a generator, or NAME=RUN_OR_FILE; several times for several models; without it and --runs those that ship with cgan", Value: &texts{}},
			&cli.StringFlag{Name: "runs", Usage: "show the runs in the folder `DIR`, also while they train"},
			&cli.StringFlag{Name: "addr", Usage: "`HOST:PORT` to listen on; other than loopback it needs --token, --token-file or --insecure", Value: "127.0.0.1:8080"},
			&cli.GenericFlag{Name: "host", Usage: "`NAME` by which the server may be called, beside localhost and addresses in digits; several times for several", Value: &texts{}},
			&cli.StringFlag{Name: "token", Usage: "`TOKEN` that requests must carry, as Authorization: Bearer TOKEN; others see it in the list of processes, so that --token-file is the better way"},
			&cli.StringFlag{Name: "token-file", Usage: "`FILE` of tokens, one a line; # begins a comment"},
			&cli.BoolFlag{Name: "insecure", Usage: "let everybody in who reaches an address that is not loopback"},
			&cli.StringFlag{Name: "tls-cert", Usage: "certificate `FILE` (PEM) for HTTPS"},
			&cli.StringFlag{Name: "tls-key", Usage: "private key `FILE` (PEM) of the certificate"},
			&cli.GenericFlag{Name: "cors", Usage: "`ORIGIN` of a page that may call the API, such as https://example.org; several times for several", Value: &texts{}},
			&cli.IntFlag{Name: "queue", Usage: "requests for images that may be under way at once; more are answered 503", Value: serve.Default().Queue},
			&cli.DurationFlag{Name: "drain", Usage: "how long what is under way may take to end after a signal", Value: 30 * time.Second},
			deviceFlag("auto"),
			threadsFlag(),
		},
		Action: runServe,
	}
}

// texts is a flag that may be there several times. Its values may have commas.
type texts []string

// Set adds one.
func (t *texts) Set(text string) error {
	if text == "" {
		return errors.New("it must not be empty")
	}
	*t = append(*t, text)
	return nil
}

// String is for help, where nothing is the default.
func (t *texts) String() string { return strings.Join(*t, " ") }

func textsOf(c *cli.Context, name string) []string {
	t, _ := c.Generic(name).(*texts)
	return *t
}

func runServe(c *cli.Context) error {
	hangups := make(chan struct{}, 1) // one that comes before the server is ready is kept until then
	if hangup, ok := c.App.Metadata["hangup"].(*onHangup); ok {
		hangup.use(func() {
			select {
			case hangups <- struct{}{}:
			default: // what the one before asks for has not begun
			}
		})
	}
	places, err := namedModels(c)
	if err != nil {
		return err
	}
	config, err := serveConfig(c)
	if err != nil {
		return err
	}
	certificate, err := certificateOf(c)
	if err != nil {
		return err
	}
	if err := setUp(models.Compute{}, c.Int("threads")); err != nil {
		return err
	}
	config.Reload = func() ([]serve.Model, error) { return openModels(c, places) }
	opened, err := config.Reload()
	if err != nil {
		return err
	}
	h, err := serve.NewHandler(config, opened...)
	if err != nil {
		return usage(err)
	}
	defer h.Close()
	s := &server{
		log: config.Log, handler: h, certificate: certificate, hangups: hangups,
		Server: http.Server{
			Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
			ErrorLog: slog.NewLogLogger(config.Log.Handler(), slog.LevelDebug), Protocols: new(http.Protocols),
			HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		},
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s.run(c)
}

// namedModel is where a model is read from, and its name.
type namedModel struct{ name, path string }

// namedModels reads --weights and what stands without a flag.
func namedModels(c *cli.Context) (all []namedModel, err error) {
	for _, text := range append(textsOf(c, "weights"), c.Args().Slice()...) {
		p := namedModelOf(text)
		if !serve.ValidName.MatchString(p.name) {
			return nil, usageError{fmt.Errorf("--weights %s: a model can't be called %q: give it another name, as NAME=RUN_OR_FILE, of letters, digits, '.', '_' and '-'", text, p.name)}
		}
		for _, other := range all {
			if other.name == p.name {
				return nil, usageError{fmt.Errorf("--weights %s: %s is called %s too: give one of them another name, as NAME=RUN_OR_FILE", text, other.path, p.name)}
			}
		}
		all = append(all, p)
	}
	if len(all) == 0 && c.String("runs") == "" {
		for _, name := range pretrained.Names() {
			all = append(all, namedModel{name, name})
		}
	}
	return all, nil
}

func namedModelOf(text string) namedModel {
	if name, path, ok := strings.Cut(text, "="); ok && serve.ValidName.MatchString(name) {
		if _, err := os.Stat(text); err != nil { // a file may have = in its name
			return namedModel{name, path}
		}
	}
	whole, err := filepath.Abs(text)
	if err != nil {
		whole = text
	}
	name := filepath.Base(whole)
	if info, err := os.Stat(whole); err == nil && !info.IsDir() {
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	return namedModel{name, text}
}

func openModels(c *cli.Context, places []namedModel) (all []serve.Model, err error) {
	for _, p := range places {
		w, err := openWeights(c, p.path)
		if err != nil {
			return nil, err
		}
		all = append(all, serve.Model{Name: p.name, Weights: w, Device: c.String("device"), Kernels: os.Getenv(kernelsVar)})
	}
	return all, nil
}

// serveConfig reads who may ask, and sees that an open door was asked for.
func serveConfig(c *cli.Context) (config serve.Config, err error) {
	config = serve.Default()
	config.Hosts, config.Origins, config.Queue = textsOf(c, "host"), textsOf(c, "cors"), c.Int("queue")
	config.Log = slog.New(slog.NewJSONHandler(c.App.ErrWriter, nil))
	if config.Tokens, err = tokens(c); err != nil {
		return config, err
	}
	if err := config.Validate(); err != nil {
		return config, usage(err)
	}
	if c.Duration("drain") < 0 {
		return config, usageError{fmt.Errorf("--drain is %v: it must not be negative", c.Duration("drain"))}
	}
	host, _, err := net.SplitHostPort(c.String("addr"))
	if err != nil {
		return config, usageError{fmt.Errorf("--addr %s: it must be HOST:PORT, such as 127.0.0.1:8080", c.String("addr"))}
	}
	if !loopback(host) && len(config.Tokens) == 0 && !c.Bool("insecure") {
		return config, usageError{fmt.Errorf("--addr %s: others reach this address: give --token-file (or --token), or --insecure to let everybody in", c.String("addr"))}
	}
	if !loopback(host) && len(config.Tokens) > 0 && c.String("tls-cert") == "" && !c.Bool("insecure") {
		fmt.Fprintln(c.App.ErrWriter, "note: without --tls-cert and --tls-key tokens and images cross the network as they are; --insecure leaves this note out")
	}
	if dir := c.String("runs"); dir != "" {
		if config.Runs, err = runs.NewHandler(dir); err != nil {
			return config, usageError{fmt.Errorf("--runs %s: %w", dir, err)}
		}
	}
	return config, nil
}

// loopback says that only this machine reaches an address.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// tokens are those of --token and --token-file.
func tokens(c *cli.Context) (all []string, err error) {
	if c.IsSet("token") {
		all = append(all, c.String("token"))
	}
	path := c.String("token-file")
	if path == "" {
		return all, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{fmt.Errorf("--token-file: %w", err)}
	}
	before, number := len(all), 0
	for line := range strings.Lines(string(content)) {
		number++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !serve.ValidToken.MatchString(line) {
			return nil, usageError{fmt.Errorf("--token-file %s, line %d: a token must be letters, digits and signs of ASCII, without spaces", path, number)}
		}
		all = append(all, line)
	}
	if len(all) == before {
		return nil, usageError{fmt.Errorf("--token-file %s: there is no token in it: write one a line", path)}
	}
	return all, nil
}

// certificate is the pair of files of --tls-cert and --tls-key, nil for none.
type certificate struct {
	cert, key string
	current   atomic.Pointer[tls.Certificate]
}

func certificateOf(c *cli.Context) (*certificate, error) {
	p := &certificate{cert: c.String("tls-cert"), key: c.String("tls-key")}
	if p.cert == "" && p.key == "" {
		return nil, nil
	}
	if p.cert == "" || p.key == "" {
		return nil, usageError{errors.New("--tls-cert and --tls-key go together: give both")}
	}
	if err := p.read(); err != nil {
		return nil, usageError{fmt.Errorf("--tls-cert, --tls-key: %w", err)}
	}
	return p, nil
}

// read takes what is in the files now, or leaves what was there.
func (p *certificate) read() error {
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err == nil {
		p.current.Store(&pair)
	}
	return err
}

// server is the handler on its address.
type server struct {
	http.Server
	log         *slog.Logger
	handler     *serve.Handler
	certificate *certificate
	hangups     <-chan struct{} // a reload is asked for
}

// run serves until a signal comes.
func (s *server) run(c *cli.Context) error {
	listener, err := net.Listen("tcp", c.String("addr"))
	if err != nil {
		return fmt.Errorf("--addr %s: %w", c.String("addr"), cause(err))
	}
	listener = netutil.LimitListener(listener, maxConnections)
	go s.reloads(c.Context)
	scheme, listen := "http", s.Serve
	if s.certificate != nil {
		s.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate.current.Load(), nil }}
		scheme, listen = "https", func(l net.Listener) error { return s.ServeTLS(l, "", "") }
	}
	fmt.Fprintf(c.App.Writer, "serving on %s://%s/\n", scheme, listener.Addr())
	ended := make(chan error, 1)
	go func() { ended <- listen(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-c.Context.Done():
	}
	s.drain(c.Duration("drain"))
	return interrupted(c.Context)
}

// reloads reloads for each SIGHUP.
func (s *server) reloads(ctx context.Context) {
	for {
		select {
		case <-s.hangups:
			s.tell("weights", s.handler.Reload())
			if s.certificate != nil {
				s.tell("certificate", s.certificate.read())
			}
		case <-ctx.Done():
			return
		}
	}
}

// tell says of something that was to be read anew whether it was: what can't be read stays as it was.
func (s *server) tell(what string, err error) {
	if err != nil {
		s.log.Error("reload", "of", what, "cause", err.Error(), "now", "as before")
		return
	}
	s.log.Info("reload", "of", what, "now", "as in the files")
}

// drain finishes what is under way. Meanwhile /readyz says that the server is ending, and new drawings are refused.
func (s *server) drain(most time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	s.handler.Drain()
	for tick := time.NewTicker(20 * time.Millisecond); s.handler.UnderWay() > 0 && ctx.Err() == nil; <-tick.C {
	}
	if err := s.Shutdown(ctx); err != nil {
		s.log.Error("drain", "cause", "requests were cut off after --drain", "under_way", s.handler.UnderWay())
		_ = s.Close() // it ends anyhow
	}
}

// cause is an error of the network without what is said already.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return cmp.Or(errors.Unwrap(op), err)
	}
	return err
}
