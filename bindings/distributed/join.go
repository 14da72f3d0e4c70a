package distributed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cgan/bindings/torch"
)

// Fact is something that must be the same for every rank, such as the version of libtorch.
type Fact struct{ Name, Value string }

// Meeting is the ranks of a run before they are connected: they have met at the store.
type Meeting struct {
	*Launch
	timeout time.Duration
	store   *store
	shared  *store // as store, but the same for each attempt of torchrun
	done    bool   // and no rank needs the store of this one any more
}

// tick is how often a rank looks into the store for what others say.
const tick = 20 * time.Millisecond

// Join meets the other ranks within timeout. A RANK that another process has already is an error. Leave it.
func Join(l *Launch, timeout time.Duration) (*Meeting, error) {
	s, err := openStore(l, "cgan", timeout)
	if err != nil {
		return nil, err
	}
	m := &Meeting{Launch: l, timeout: timeout, store: s.below(fmt.Sprintf("attempt_%d", l.Attempt)), shared: s}
	n, err := m.store.add(fmt.Sprintf("rank/%d", l.Rank))
	if err != nil {
		return nil, m.lostStore()
	}
	if n > 1 {
		m.done = true // this process is none of theirs
		return nil, fmt.Errorf("MASTER_PORT %d: another process has RANK %d there already: a second run needs a port of its own", l.Port, l.Rank)
	}
	return m, nil
}

// Agree waits until every rank is there and compares their facts with those of rank 0. Each rank gets the same error, which
// names the rank and the difference.
func (m *Meeting) Agree(facts []Fact) error {
	facts = append([]Fact{{"WORLD_SIZE", fmt.Sprint(m.WorldSize)}}, facts...)
	text, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	if err := m.store.set(fmt.Sprintf("facts/%d", m.Rank), string(text)); err != nil {
		return m.lostStore()
	}
	if m.Rank > 0 {
		return m.verdict()
	}
	problem := m.compare(facts)
	if problem != nil {
		_ = m.store.set("agreed", problem.Error())
		time.Sleep(20 * tick) // the others read it here
		return problem
	}
	return m.store.set("agreed", "")
}

// verdict is what rank 0 found.
func (m *Meeting) verdict() error {
	text, err := m.await("agreed", 0)
	if err == nil && text != "" {
		m.done = true
		err = fmt.Errorf("%s", text)
	}
	return err
}

// compare looks at each rank's facts as they come.
func (m *Meeting) compare(facts []Fact) error {
	for rank := 1; rank < m.WorldSize; rank++ {
		text, err := m.await(fmt.Sprintf("facts/%d", rank), rank)
		if err != nil {
			return err
		}
		var theirs []Fact
		if err := json.Unmarshal([]byte(text), &theirs); err != nil {
			return fmt.Errorf("rank %d says %q of itself: is it another program?", rank, text)
		}
		if err := differ(facts, theirs, rank); err != nil {
			return err
		}
	}
	return nil
}

// differ names the first fact of rank that is not rank 0's.
func differ(ours, theirs []Fact, rank int) error {
	for i, f := range ours {
		if i >= len(theirs) || theirs[i].Name != f.Name {
			return fmt.Errorf("rank %d and rank 0 say other things of themselves than each other: they are other programs", rank)
		}
		if theirs[i].Value != f.Value {
			return fmt.Errorf("rank %d has another %s than rank 0: %s, and rank 0 %s: every rank must have the same", rank, f.Name, theirs[i].Value, f.Value)
		}
	}
	return nil
}

// await waits for a key that rank is to set, or for the failure of any.
func (m *Meeting) await(key string, rank int) (string, error) {
	for end := time.Now().Add(m.timeout); time.Now().Before(end); time.Sleep(tick) {
		text, there, err := m.store.get(key)
		if err != nil {
			return "", m.lostStore()
		}
		if there {
			return text, nil
		}
		if cause := m.cause(); cause != "" {
			return "", fmt.Errorf("%s", cause)
		}
		if m.Rank == 0 {
			if err := m.otherSize(); err != nil {
				return "", err
			}
		}
	}
	return "", fmt.Errorf("rank %d of %d did not come within %v: is it started, with the same MASTER_ADDR and MASTER_PORT?", rank, m.WorldSize, m.timeout)
}

// otherSize finds a rank that is there with another WORLD_SIZE while one is waited for that may never come.
func (m *Meeting) otherSize() error {
	for rank := 1; rank < m.WorldSize; rank++ {
		text, there, err := m.store.get(fmt.Sprintf("facts/%d", rank))
		if err != nil || !there {
			continue
		}
		var theirs []Fact
		if json.Unmarshal([]byte(text), &theirs) != nil || len(theirs) == 0 {
			continue
		}
		if err := differ([]Fact{{"WORLD_SIZE", fmt.Sprint(m.WorldSize)}}, theirs[:1], rank); err != nil {
			return err
		}
	}
	return nil
}

// Remember keeps a value for the attempts of torchrun that come after this one.
func (m *Meeting) Remember(key, value string) error {
	return m.shared.set(key, value)
}

// Recall is what an earlier attempt of torchrun kept, or nothing.
func (m *Meeting) Recall(key string) (string, error) {
	value, _, err := m.shared.get(key)
	return value, err
}

// Fail tells the others why this rank ends, if it is by its own fault.
func (m *Meeting) Fail(cause error) {
	if m.done {
		return
	}
	within(m.patience(), func() {
		_ = m.store.set(fmt.Sprintf("fault/%d", m.Rank), cause.Error())
		_ = m.store.set("fault", fmt.Sprintf("rank %d: %s", m.Rank, cause.Error()))
		if m.Rank == 0 && !m.Agent {
			time.Sleep(2 * m.patience()) // the store goes with this process, and the others read it first
		}
	})
}

// cause is what a rank said of its own fault; empty where none did.
func (m *Meeting) cause() string {
	text, _, _ := m.store.get("fault")
	return text
}

// Lost makes an error of a connection one that names the rank which failed: by what it said before it ended, or because it
// alone does not answer.
func (m *Meeting) Lost(err error) error {
	found := make(chan error, 1)
	go func() { found <- m.rollCall(err) }()
	select {
	case named := <-found:
		return named
	case <-time.After(2 * m.patience()):
		return m.lostStore()
	}
}

// patience is how long a rank that runs may take to answer: the last tenth of the timeout.
func (m *Meeting) patience() time.Duration { return min(m.timeout/10, 3*time.Second) }

// collective is the part of the timeout that an operation may take; the rest is for finding who is lost.
func (m *Meeting) collective() time.Duration { return m.timeout - 3*m.patience() }

// rollCall asks who is there.
func (m *Meeting) rollCall(lost error) error {
	if m.store.set(fmt.Sprintf("here/%d", m.Rank), "") != nil {
		return m.lostStore()
	}
	var missing []string
	for end := time.Now().Add(m.patience()); time.Now().Before(end); time.Sleep(tick) {
		if cause := m.cause(); cause != "" {
			return fmt.Errorf("%s", cause)
		}
		missing = nil
		for rank := range m.WorldSize {
			_, here, err := m.store.get(fmt.Sprintf("here/%d", rank))
			if err != nil {
				return m.lostStore()
			}
			if !here {
				missing = append(missing, fmt.Sprint(rank))
			}
		}
		if len(missing) == 0 {
			return fmt.Errorf("the connection between the ranks broke, and all are there: %w", lost)
		}
	}
	if m.Rank == 0 && !m.Agent {
		time.Sleep(10 * tick) // those who ask last read it too
	}
	return fmt.Errorf("rank %s does not answer: it was killed or stopped, or its machine or network is gone", strings.Join(missing, ", rank "))
}

// LostError is a rank or a store that is lost.
type LostError struct{ text string }

// Error names it.
func (e *LostError) Error() string { return e.text }

// IsLost says whether err is of a connection to other ranks that broke: Lost finds out which. Gloo's errors name its sources.
func IsLost(err error) bool {
	var failed *torch.Error
	var lost *LostError
	return errors.As(err, &lost) || errors.As(err, &failed) && strings.Contains(failed.Reason, "/gloo/")
}

func (m *Meeting) lostStore() error {
	who := "rank 0"
	if m.Agent {
		who = "torchrun"
	}
	return &LostError{fmt.Sprintf("rank 0 or the network to it is lost: the store that %s serves at %s, port %d, does not answer", who, m.Host, m.Port)}
}

// within runs fn, and goes on without it after limit.
func within(limit time.Duration, fn func()) {
	ended := make(chan struct{})
	go func() { fn(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(3 * limit):
	}
}
