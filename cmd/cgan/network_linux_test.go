package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Two hosts train, a rank on each; the cable between them is cut at a random moment. Both end in time and say what they have lost,
// and the run goes on. In the end it is the run that was left alone. CGAN_RANK_CUTS is how many times; make torture-ranks has 20.
func TestACutNetworkChangesNothing(t *testing.T) {
	cuts, h := count("CGAN_RANK_CUTS", 1), twoHosts(t)
	o := torture{t: t, data: writeSet(t, 40, nil), out: t.TempDir()}
	for range cuts {
		o.cut(h)
	}
	last := o.check() + 5
	ranks := []string{"--processes", "2"}
	o.train(append([]string{"--resume", o.run, "--steps", fmt.Sprint(last)}, ranks...)...)
	o.sameAsCalm(last, ranks...)
	t.Logf("%d cuts in %d steps", cuts, last)
}

func (o *torture) cut(h hosts) {
	o.t.Helper()
	ranks := o.pair(h)
	for i := range ranks {
		for _, address := range h.listening(i) { // store and Gloo on the cable's addresses alone
			if want := fmt.Sprintf("%02X004D0A", i+1); address != want {
				o.t.Errorf("host %d has a port open on %s, not on %s", i, address, want)
			}
		}
	}
	time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
	side := rand.IntN(2)
	h.link(side, "down")
	defer h.link(side, "up")
	began := time.Now()
	for i, want := range []string{"rank 1 does not answer", "rank 0 or the network to it is lost"} {
		if err := ranks[i].Wait(); err == nil || !strings.Contains(ranks[i].told.String(), want) {
			o.t.Errorf("the cable was cut, and rank %d said %q, %v", i, ranks[i].told, err)
		}
	}
	if took := time.Since(began); took > 6*time.Second {
		o.t.Errorf("it took %v to end, and the timeout is 3 s", took)
	}
	o.goOn()
}
