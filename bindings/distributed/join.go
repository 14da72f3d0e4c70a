package distributed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Fact is something that must be the same for every rank, such as the version of libtorch.
type Fact struct{ Name, Value string }

// Meeting is the ranks of a run before they are connected: they have met at the store.
type Meeting struct {
	*Launch
	timeout time.Duration
	store   *store
	shared  *store                 // as store, but the same for each attempt of torchrun
	done    bool                   // and no rank needs the store of this one any more
	heard   atomic.Pointer[string] // why the run ends, as a rank has said; nil for nothing
}

// storePrefix keeps what is said here apart from what torchrun keeps in the store.
const storePrefix = "cgan"

// tick is how often a rank looks into the store for what others say.
const tick = 20 * time.Millisecond

// Join meets the other ranks at the store within timeout, or until ctx ends. A RANK that another process has already is an
// error. From then on the process answers roll calls.
func Join(ctx context.Context, l *Launch, timeout time.Duration) (*Meeting, error) {
	s, err := reachStore(ctx, l, timeout)
	if err != nil {
		return nil, err
	}
	m := &Meeting{Launch: l, timeout: timeout, store: s.below(fmt.Sprintf("attempt_%d", l.Attempt)), shared: s}
	n, err := m.store.add(fmt.Sprintf("rank/%d", l.Rank), 1)
	if err != nil {
		return nil, m.lostStore()
	}
	if n > 1 {
		m.done = true // this process is none of theirs
		return nil, fmt.Errorf("MASTER_PORT %d: another process has RANK %d there already: a second run needs a port of its own", l.Port, l.Rank)
	}
	go m.attend()
	return m, nil
}

// reachStore is openStore that ctx can end: libtorch's connecting can't be.
func reachStore(ctx context.Context, l *Launch, timeout time.Duration) (*store, error) {
	type opened struct {
		s   *store
		err error
	}
	ended := make(chan opened, 1)
	go func() {
		s, err := openStore(l, storePrefix, timeout)
		ended <- opened{s, err}
	}()
	select {
	case o := <-ended:
		return o.s, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Agree waits until every rank is there and compares their facts with those of rank 0. Each rank gets the same error, which
// names the rank and the difference.
func (m *Meeting) Agree(ctx context.Context, facts []Fact) error {
	facts = append([]Fact{{"WORLD_SIZE", fmt.Sprint(m.WorldSize)}, {"torchrun's --rdzv-id", m.RunID}}, facts...)
	text, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	if err := m.store.set(factsOf(m.Rank), string(text)); err != nil {
		return m.lostStore()
	}
	if m.Rank > 0 {
		return m.verdict(ctx, facts)
	}
	problem := m.compare(ctx, facts)
	if problem != nil {
		m.done = true
		_ = m.store.set("agreed", problem.Error())
		time.Sleep(20 * tick) // the others read it here
		return problem
	}
	return m.store.set("agreed", "")
}

// verdict is what rank 0 found. A rank that rank 0 knows nothing of, as one of another run with more ranks, finds out itself.
func (m *Meeting) verdict(ctx context.Context, facts []Fact) error {
	text, err := m.await(ctx, "agreed", 0)
	if err == nil && text != "" {
		err = errors.New(text)
	} else if err == nil {
		err = m.differs(0, func(zero []Fact) error { return differ(zero, facts, m.Rank) })
	}
	m.done = err != nil
	return err
}

// compare looks at each rank's facts as they come.
func (m *Meeting) compare(ctx context.Context, facts []Fact) error {
	for rank := 1; rank < m.WorldSize; rank++ {
		if _, err := m.await(ctx, factsOf(rank), rank); err != nil {
			return err
		}
		if err := m.differs(rank, func(theirs []Fact) error { return differ(facts, theirs, rank) }); err != nil {
			return err
		}
	}
	return nil
}

// factsOf is the key of a rank's facts.
func factsOf(rank int) string { return fmt.Sprintf("facts/%d", rank) }

// differs hands the facts of a rank that are there, some at least, to look.
func (m *Meeting) differs(rank int, look func([]Fact) error) error {
	text, there, err := m.store.get(factsOf(rank))
	if err != nil {
		return m.lostStore()
	}
	var facts []Fact
	if there && (json.Unmarshal([]byte(text), &facts) != nil || len(facts) == 0) {
		return fmt.Errorf("rank %d says %q of itself: is it another program?", rank, text)
	}
	if !there {
		return nil
	}
	return look(facts)
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

// await waits for a key that rank is to set, for the failure of any, or for the end of ctx.
func (m *Meeting) await(ctx context.Context, key string, rank int) (string, error) {
	for end := time.Now().Add(m.timeout); time.Now().Before(end); time.Sleep(tick) {
		text, there, err := m.store.get(key)
		if err != nil {
			return "", m.lostStore()
		}
		if there {
			return text, nil
		}
		if cause := m.heard.Load(); cause != nil {
			return "", errors.New(*cause)
		}
		if err := ctx.Err(); err != nil {
			return "", err
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
		err := m.differs(rank, func(theirs []Fact) error {
			return differ([]Fact{{"WORLD_SIZE", fmt.Sprint(m.WorldSize)}}, theirs[:1], rank)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Announce says that this rank is done with something that others wait for by WaitFor.
func (m *Meeting) Announce(what string) error {
	if err := m.store.set(doneWith(what), ""); err != nil {
		return m.lostStore()
	}
	return nil
}

// WaitFor waits until another rank has announced something, which may take longer than the timeout as long as all ranks answer, or for
// the end of ctx.
func (m *Meeting) WaitFor(ctx context.Context, what string) error {
	for called := time.Now(); ; time.Sleep(m.beat()) {
		if cause := m.heard.Load(); cause != nil {
			m.done = true
			return errors.New(*cause)
		}
		_, there, err := m.store.get(doneWith(what))
		if err != nil {
			return m.lostStore()
		}
		if there {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Since(called) > m.timeout {
			if err := m.Absent(); err != nil {
				return err
			}
			called = time.Now()
		}
	}
}

func doneWith(what string) string { return "done/" + what }

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
	if !m.done {
		_ = m.soon(func() error { m.tell(fmt.Sprintf("rank %d: %v", m.Rank, cause)); return nil })
	}
}
