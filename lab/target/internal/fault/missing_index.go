package fault

import (
	"context"
	"math/rand/v2"
	"strconv"
)

// missingIndexRows make a sequential scan take 20 to 40 ms, and the customers few enough rows each that an index would take none.
const (
	missingIndexRows      = 400_000
	missingIndexCustomers = 20_000
	missingIndexRowsMost  = 4_000_000
)

// missingIndex looks up a customer's archived orders in a table that has no index for it.
type missingIndex struct{}

func (missingIndex) Name() string { return "missing-index" }

func (missingIndex) About() string {
	return "each order looks up archived ones in a table without the index for it; parameter: rows of the table, default 400000"
}

func (missingIndex) Prepare(parameter string, process Process) (Effect, error) {
	rows, err := parseCount(parameter, missingIndexRows, missingIndexRowsMost)
	if err != nil {
		return Effect{}, err
	}
	var made <-chan struct{}
	return Effect{
		Parameter: strconv.Itoa(rows),
		Start: func() func() {
			made = madeTable(process.Database, `CREATE TABLE IF NOT EXISTS order_archive AS
				SELECT n AS id, 'customer-' || n % `+strconv.Itoa(missingIndexCustomers)+` AS customer, n % 5000 AS amount_cents
				FROM generate_series(1, `+strconv.Itoa(rows)+`) AS n; ANALYZE order_archive`)
			return func() {}
		},
		Order: func(ctx context.Context) error {
			if !ready(made) {
				return nil
			}
			customer := "customer-" + strconv.Itoa(rand.IntN(missingIndexCustomers))
			var orders, cents int64
			return process.Database.QueryRow(ctx,
				"SELECT count(*), coalesce(sum(amount_cents), 0) FROM order_archive WHERE customer = $1", customer).Scan(&orders, &cents)
		},
	}, nil
}
