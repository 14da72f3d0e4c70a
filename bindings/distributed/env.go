package distributed

import (
	"fmt"
	"strconv"
)

// Launch is a process's place among those of a run, as torchrun's variables say it.
type Launch struct {
	Rank, WorldSize int
	Host            string // MASTER_ADDR and MASTER_PORT: where the store is
	Port            int
	Agent           bool   // torchrun serves the store, not rank 0
	RunID           string // TORCHELASTIC_RUN_ID, which is torchrun's --rdzv-id
	Attempt         int    // how often torchrun has started the run again
	Interface       string // GLOO_SOCKET_IFNAME: of the network between the processes; empty for the one that leads to Host
}

// ReadLaunch reads RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, and what torchrun says beside them. Without any, or with a
// WORLD_SIZE of 1, there is one process, and it gives nil.
func ReadLaunch(getenv func(string) string) (*Launch, error) {
	if getenv("RANK") == "" && getenv("WORLD_SIZE") == "" {
		return nil, nil
	}
	l := &Launch{Host: getenv("MASTER_ADDR"), Agent: getenv("TORCHELASTIC_USE_AGENT_STORE") == "True", RunID: getenv("TORCHELASTIC_RUN_ID"),
		Interface: getenv("GLOO_SOCKET_IFNAME")}
	for _, v := range []struct {
		name     string
		to       *int
		min, max int
	}{{"WORLD_SIZE", &l.WorldSize, 1, 1 << 16}, {"RANK", &l.Rank, 0, 1 << 16}} {
		if err := number(getenv, v.name, v.to, v.min, v.max); err != nil {
			return nil, err
		}
	}
	if l.Rank >= l.WorldSize {
		return nil, fmt.Errorf("RANK is %d and WORLD_SIZE %d: ranks count from 0, so that the last one is %d", l.Rank, l.WorldSize, l.WorldSize-1)
	}
	if l.WorldSize == 1 {
		return nil, nil
	}
	if l.Host == "" {
		return nil, fmt.Errorf("WORLD_SIZE is %d, but MASTER_ADDR is not set: it is the address of rank 0; torchrun sets it", l.WorldSize)
	}
	if err := number(getenv, "MASTER_PORT", &l.Port, 1, 65535); err != nil {
		return nil, err
	}
	if getenv("TORCHELASTIC_RESTART_COUNT") != "" {
		if err := number(getenv, "TORCHELASTIC_RESTART_COUNT", &l.Attempt, 0, 1<<30); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func number(getenv func(string) string, name string, to *int, low, high int) (err error) {
	text := getenv(name)
	if *to, err = strconv.Atoi(text); err != nil || *to < low || *to > high {
		return fmt.Errorf("%s is %q: it must be a whole number from %d to %d; torchrun sets RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, "+
			"and by hand all four are set, or none", name, text, low, high)
	}
	return nil
}
