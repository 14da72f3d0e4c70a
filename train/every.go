package train

import (
	"fmt"
	"strconv"
	"time"
)

// Every is how often something is done: after each step that is a multiple of Steps, or when Time has passed. Zero is never. As text it is "500" or "10m".
type Every struct {
	Steps int
	Time  time.Duration
}

// due says whether it is time after this step, when so much time has passed since the last one.
func (e Every) due(step int, passed time.Duration) bool {
	return e.Steps > 0 && step%e.Steps == 0 || e.Time > 0 && passed >= e.Time
}

// String is what Set reads.
func (e Every) String() string {
	if e.Time > 0 {
		return e.Time.String()
	}
	return strconv.Itoa(e.Steps)
}

// Set reads a number of steps, or a time such as 90s, 10m or 8h.
func (e *Every) Set(text string) error {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 1e9 {
		*e = Every{Steps: n}
		return nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		*e = Every{Time: d}
		return nil
	}
	return fmt.Errorf("is %q: it must be a number of steps, or a time such as 10m", text)
}

// MarshalText is for JSON.
func (e Every) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is for JSON.
func (e *Every) UnmarshalText(text []byte) error { return e.Set(string(text)) }
