package arch

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cgan/weights"
)

// Renamed is the state with the keys that the rules give, each by the first rule that fits it. A rule that fits no key, and two
// keys that become one, are errors.
func Renamed(state weights.StateDict, rules []Rename) (weights.StateDict, error) {
	all, err := RenamedAll([]weights.StateDict{state}, rules)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// RenamedAll is Renamed for the state dicts of several networks. A rule must fit a key of one of them.
func RenamedAll(states []weights.StateDict, rules []Rename) (all []weights.StateDict, err error) {
	patterns := make([]*regexp.Regexp, len(rules))
	for i, r := range rules {
		if err := r.valid(); err != nil {
			return nil, err
		}
		patterns[i] = r.pattern()
	}
	used := make([]bool, len(rules))
	keys := 0
	for _, state := range states {
		keys += len(state)
	}
	if len(rules)*keys > mostTries {
		return nil, fmt.Errorf("%d rules are too many for so many keys", len(rules))
	}
	for _, state := range states {
		renamed, err := rename(state, rules, patterns, used)
		if err != nil {
			return nil, err
		}
		all = append(all, renamed)
	}
	for r, ok := range used {
		if !ok {
			return nil, rules[r].fitsNone(slices.Concat(states...))
		}
	}
	return all, nil
}

// rename notes the rules that it uses.
func rename(state weights.StateDict, rules []Rename, patterns []*regexp.Regexp, used []bool) (weights.StateDict, error) {
	was, renamed := map[string]string{}, make(weights.StateDict, len(state))
	for i, e := range state {
		key := e.Key
		for r, pattern := range patterns {
			if match := pattern.FindStringSubmatch(key); match != nil {
				key, used[r] = rules[r].apply(match[1:]), true
				break
			}
		}
		if key == "" && e.Key != "" {
			return nil, fmt.Errorf("the rules leave nothing of the key %s", weights.Quote(e.Key))
		}
		if other, twice := was[key]; twice {
			return nil, fmt.Errorf("the keys %s and %s both become %s", weights.Quote(other), weights.Quote(e.Key), weights.Quote(key))
		}
		was[key] = e.Key
		renamed[i] = weights.Entry{Key: key, Tensor: e.Tensor}
	}
	return renamed, nil
}

// Bounds of what rules cost, which a file brings itself: the * of each, and how often one is tried on a key.
const (
	mostStars = 8
	mostTries = 10_000_000
)

func (r Rename) valid() error {
	switch {
	case r.From == "":
		return errors.New("a rule has no key to rename")
	case len(r.From) > mostKey || len(r.To) > mostKey:
		return fmt.Errorf("%s: %s is longer than %d bytes", weights.Show(r.From), weights.Show(r.To), mostKey)
	case strings.Count(r.From, "*") > mostStars:
		return fmt.Errorf("%s has more than %d *", weights.Quote(r.From), mostStars)
	case strings.Count(r.To, "*") > strings.Count(r.From, "*"):
		return fmt.Errorf("%s has more * than %s", weights.Quote(r.To), weights.Quote(r.From))
	}
	return nil
}

// pattern has a group for each *, and one for what follows From, from its dot on.
func (r Rename) pattern() *regexp.Regexp {
	parts := strings.Split(r.From, "*")
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, `(.*?)`) + `(\..*)?$`)
}

// apply puts what * stood for in the places of To. Where To is empty, what follows it begins the key.
func (r Rename) apply(groups []string) string {
	var b strings.Builder
	for i, part := range strings.Split(r.To, "*") {
		if i > 0 {
			b.WriteString(groups[i-1])
		}
		b.WriteString(part)
	}
	rest := groups[len(groups)-1]
	if b.Len() == 0 {
		rest = strings.TrimPrefix(rest, ".")
	}
	return b.String() + rest
}

// fitsNone says which key may be meant.
func (r Rename) fitsNone(state weights.StateDict) error {
	var beginnings []string
	for _, e := range state {
		for i := range e.Key {
			if e.Key[i] == '.' {
				beginnings = append(beginnings, e.Key[:i])
			}
		}
		beginnings = append(beginnings, e.Key)
	}
	rule := fmt.Sprintf("the rule %s: %s fits no key that is left", weights.Quote(r.From), weights.Quote(r.To))
	if near := nearest(r.From, beginnings); near != "" {
		return fmt.Errorf("%s; the nearest is %s", rule, weights.Quote(near))
	}
	if len(beginnings) == 0 {
		return errors.New(rule + ": there are none")
	}
	return fmt.Errorf("%s; the first is %s", rule, weights.Quote(state[0].Key))
}
