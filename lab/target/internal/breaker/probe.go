package breaker

import (
	"context"
	"time"
)

const (
	// probePause is the pause after a probe that failed or found all slots taken by users.
	probePause = 100 * time.Millisecond
	// probeDelay: a breaker lets probes through only after its time, not at its end.
	probeDelay = time.Millisecond
)

// Probe calls the dependency whenever the breaker has been open for its whole time, until it is closed again: without users nobody else
// would. It returns when ctx ends. probe should fail whenever the calls of users would, and change nothing.
func (b *Breaker) Probe(ctx context.Context, probe func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.opened:
		}
		if !sleep(ctx, b.options.OpenFor+probeDelay) {
			return
		}
		for len(b.opened) == 0 && !b.closed.Load() {
			if err := b.probeOnce(ctx, probe); err != nil && !sleep(ctx, probePause) {
				return
			}
		}
	}
}

func (b *Breaker) probeOnce(ctx context.Context, probe func(context.Context) error) error {
	_, result, err := do(ctx, b, func(ctx context.Context) (struct{}, error) { return struct{}{}, probe(ctx) })
	b.options.Metrics.probes.WithLabelValues(b.options.Name, result).Inc()
	if result == resultOK {
		return nil
	}
	return err
}

// sleep returns whether ctx lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
