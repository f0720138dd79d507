package fault

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// Two rows for all orders of all pods: 150 orders/s that each hold one for 8 ms ask for more than a row lock can give.
	rowLockByDefault = 8 * time.Millisecond
	rowLockMost      = time.Second
	// deadlockDetected is PostgreSQL's SQLSTATE for the victim of two that wait for each other.
	deadlockDetected = "40P01"
)

// rowLock takes two rows of the stock in whichever order an order has them: orders wait for each other inside the database, and some
// for each other in a circle, until PostgreSQL ends one.
type rowLock struct{}

func (rowLock) Name() string { return "row-lock" }

func (rowLock) About() string {
	return "each order locks two rows of the stock, in any order; parameter: time between the two, default 8ms"
}

func (rowLock) Prepare(parameter string, process Process) (Effect, error) {
	between, err := parseDuration(parameter, rowLockByDefault, rowLockMost)
	if err != nil {
		return Effect{}, err
	}
	var made <-chan struct{}
	return Effect{
		Parameter: between.String(),
		Start: func() func() {
			made = madeTable(process.Database, `CREATE TABLE IF NOT EXISTS stock (sku integer PRIMARY KEY, taken bigint NOT NULL);
				INSERT INTO stock SELECT n, 0 FROM generate_series(1, 2) AS n ON CONFLICT DO NOTHING`)
			return func() {}
		},
		Order: func(ctx context.Context) error {
			if !ready(made) {
				return nil
			}
			first := 1 + rand.IntN(2)
			err := pgx.BeginFunc(ctx, process.Database, func(tx pgx.Tx) error {
				for _, sku := range []int{first, 3 - first} {
					if _, err := tx.Exec(ctx, "UPDATE stock SET taken = taken + 1 WHERE sku = $1", sku); err != nil {
						return err
					}
					time.Sleep(between)
				}
				return nil
			})
			var refused *pgconn.PgError
			if errors.As(err, &refused) && refused.Code == deadlockDetected {
				return nil // the shop's code would leave the stock to the nightly count
			}
			return err
		},
	}, nil
}
