package distributed

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cgan/bindings/torch"
)

// attend answers roll calls and listens for the reason of an end, as long as the store is there: a rank that computes, saves or
// waits is told from one that is gone.
func (m *Meeting) attend() {
	for answered := 0; ; time.Sleep(m.beat()) {
		calls, err := m.store.add("calls", 0)
		if err != nil {
			return
		}
		if calls > answered && m.store.set(hereOf(m.Rank), strconv.Itoa(calls)) == nil {
			answered = calls
		}
		if text, there, err := m.store.get("fault"); err == nil && there {
			m.heard.Store(&text)
		}
	}
}

// hereOf is the key of the last roll call that a rank has answered.
func hereOf(rank int) string { return fmt.Sprintf("here/%d", rank) }

// patience is how long a rank that runs may take to answer: the last tenth of the timeout.
func (m *Meeting) patience() time.Duration { return min(m.timeout/10, 3*time.Second) }

// beat is how often a rank listens.
func (m *Meeting) beat() time.Duration { return min(m.patience()/4, 10*tick) }

// collective is the part of the timeout that an operation may take; the rest is for finding who is lost.
func (m *Meeting) collective() time.Duration { return m.timeout - 3*m.patience() }

// tell says in the store why the run ends. The store of rank 0 goes with its process, so that the others read it first.
func (m *Meeting) tell(cause string) {
	_ = m.store.set("fault", cause)
	if m.Rank == 0 && !m.Agent {
		time.Sleep(3 * m.beat())
	}
}

// soon is the error of fn, or that of a store which does not answer.
func (m *Meeting) soon(fn func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- fn() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(2 * m.patience()):
		return m.lostStore()
	}
}

// Lost makes an error of a connection one that names the rank which failed: by what it said before it ended, or because it
// does not answer a roll call.
func (m *Meeting) Lost(err error) error {
	if found := m.Absent(); found != nil {
		return found
	}
	return fmt.Errorf("the connection between the ranks broke, though each of them answers: %w", err)
}

// Absent calls the roll. Its error names the ranks that do not answer, or is what one has said of its end.
func (m *Meeting) Absent() error { return m.soon(m.rollCall) }

func (m *Meeting) rollCall() error {
	call, err := m.store.add("calls", 1)
	if err != nil {
		return m.lostStore()
	}
	var missing []string
	for end := time.Now().Add(m.patience()); time.Now().Before(end) && m.heard.Load() == nil; time.Sleep(tick) {
		if missing, err = m.missing(call); err != nil || len(missing) == 0 {
			return err
		}
	}
	if cause := m.heard.Load(); cause != nil {
		return errors.New(*cause)
	}
	lost := &LostError{fmt.Sprintf("rank %s does not answer: it was killed or stopped, or its machine or network is gone", strings.Join(missing, ", rank "))}
	m.tell(lost.Error())
	return lost
}

// missing are the ranks that have not answered a call.
func (m *Meeting) missing(call int) (all []string, err error) {
	for rank := range m.WorldSize {
		text, _, err := m.store.get(hereOf(rank))
		if err != nil {
			return nil, m.lostStore()
		}
		if answered, _ := strconv.Atoi(text); answered < call {
			all = append(all, strconv.Itoa(rank))
		}
	}
	return all, nil
}

// LostError is a rank or a store that is lost.
type LostError struct{ text string }

// Error names it.
func (e *LostError) Error() string { return e.text }

// IsLost says whether err is of a connection to other ranks that broke: Lost finds out which.
func IsLost(err error) bool {
	var failed *torch.Error
	var lost *LostError
	return errors.As(err, &lost) || errors.As(err, &failed) && ofOthers(failed.Reason)
}

// ofOthers says whether an error of libtorch's is of other ranks: Gloo's errors name its sources, and the store's waits time out.
func ofOthers(reason string) bool {
	reason = strings.ToLower(reason)
	return strings.Contains(reason, "/gloo/") || strings.Contains(reason, "timeout") || strings.Contains(reason, "timed out")
}

func (m *Meeting) lostStore() error {
	who := "rank 0"
	if m.Agent {
		who = "torchrun"
	}
	return &LostError{fmt.Sprintf("rank 0 or the network to it is lost: the store that %s serves at %s, port %d, does not answer", who, m.Host, m.Port)}
}
