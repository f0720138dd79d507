package fault

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// tableTimeout bounds making a fault's own table; 400,000 rows take two seconds.
const tableTimeout = 2 * time.Minute

// tableLockKey keeps pods that arm the same fault at once from making its table twice ("faults" in ASCII).
const tableLockKey = 0x6661756c7473

// madeTable runs statements once for all pods, in a transaction and in the background, and closes the channel when they are done.
// Until then, and for ever when the database refuses, the fault does nothing.
func madeTable(pool *pgxpool.Pool, statements string) <-chan struct{} {
	made := make(chan struct{})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), tableTimeout)
		defer cancel()
		script := fmt.Sprintf("BEGIN; SELECT pg_advisory_xact_lock(%d); %s; COMMIT", tableLockKey, statements)
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return
		}
		defer conn.Release()
		if _, err := conn.Conn().PgConn().Exec(ctx, script).ReadAll(); err == nil {
			close(made)
		}
	}()
	return made
}

func ready(made <-chan struct{}) bool {
	select {
	case <-made:
		return true
	default:
		return false
	}
}

// parseCount reads a parameter such as "20" that must lie in [1, most].
func parseCount(parameter string, byDefault, most int) (int, error) {
	if parameter == "" {
		return byDefault, nil
	}
	n, err := strconv.Atoi(parameter)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%q is no whole number from 1 to %d", parameter, most)
	}
	return n, nil
}
