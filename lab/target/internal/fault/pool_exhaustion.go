package fault

import (
	"context"
	"time"
)

const (
	// 50 orders/s per pod that each keep a connection for 350 ms need 17; the pool has 10.
	poolExhaustionByDefault = 350 * time.Millisecond
	poolExhaustionMost      = 3 * time.Second
)

// poolExhaustion keeps a connection of the pool while it does something else, as code does that calls another service inside a
// transaction. The database itself is idle.
type poolExhaustion struct{}

func (poolExhaustion) Name() string { return "pool-exhaustion" }

func (poolExhaustion) About() string {
	return "each order keeps a database connection while it waits for something else; parameter: for how long, default 350ms"
}

func (poolExhaustion) Prepare(parameter string, process Process) (Effect, error) {
	kept, err := parseDuration(parameter, poolExhaustionByDefault, poolExhaustionMost)
	if err != nil {
		return Effect{}, err
	}
	return Effect{
		Parameter: kept.String(),
		Order: func(ctx context.Context) error {
			conn, err := process.Database.Acquire(ctx)
			if err != nil {
				return err
			}
			defer conn.Release()
			time.Sleep(kept)
			return nil
		},
	}, nil
}
