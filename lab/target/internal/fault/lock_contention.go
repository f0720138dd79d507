package fault

import (
	"context"
	"sync"
	"time"
)

const (
	// 50 orders/s per pod that each hold the lock for 25 ms ask for 1.25 times what one lock can give.
	lockContentionByDefault = 25 * time.Millisecond
	lockContentionMost      = time.Second
)

// lockContention has all orders of a process go through one lock, which each holds while it does something slow.
type lockContention struct{ ledger *ledger }

type ledger struct {
	mu      sync.Mutex
	entries int
}

func (lockContention) Name() string { return "lock-contention" }

func (lockContention) About() string {
	return "each order holds one lock of the process; parameter: for how long, default 25ms"
}

func (l lockContention) Prepare(parameter string, _ Process) (Effect, error) {
	held, err := parseDuration(parameter, lockContentionByDefault, lockContentionMost)
	if err != nil {
		return Effect{}, err
	}
	return Effect{
		Parameter: held.String(),
		Order: func(context.Context) error {
			l.ledger.enter(held)
			return nil
		},
	}, nil
}

func (l *ledger) enter(held time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	time.Sleep(held)
	l.entries++
}
