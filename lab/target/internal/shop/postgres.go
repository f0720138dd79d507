package shop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/observe"
	"tminus.dev/lab/target/internal/trace"
)

const (
	// foreignKeyViolation is PostgreSQL's SQLSTATE for "the row referred to does not exist".
	foreignKeyViolation = "23503"
	// connectTimeout keeps a request from waiting for a dead database as long as TCP would (minutes).
	connectTimeout = 2 * time.Second
)

// Postgres is the Database on a pgx pool.
type Postgres struct{ Pool *pgxpool.Pool }

// OpenPool answers a pool of at most maxConns connections. It does not wait for the database: a process whose database is down
// must start and say so on /healthz. Slow statements go to log.
func OpenPool(ctx context.Context, databaseURL string, maxConns int32, log *zap.Logger) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL cannot be read: %w", err)
	}
	config.MaxConns = maxConns
	// All are opened before the first request. With 2 of 10 open, a load of 200 requests/s from one second to the next waited up
	// to 440 ms for the others on a busy machine: PostgreSQL starts a process per connection.
	config.MinConns = maxConns
	config.ConnConfig.ConnectTimeout = connectTimeout
	config.ConnConfig.Tracer = multitracer.New(trace.Postgres{}, observe.SlowStatements(log))
	return pgxpool.NewWithConfig(ctx, config)
}

func (p *Postgres) InsertOrder(ctx context.Context, order Order) (id int64, err error) {
	err = p.Pool.QueryRow(ctx,
		"INSERT INTO orders (user_id, sku, quantity, amount_cents) VALUES ($1, $2, $3, $4) RETURNING id",
		order.UserID, order.SKU, order.Quantity, order.AmountCents).Scan(&id)
	return id, asNotFound(err)
}

func (p *Postgres) SelectProfile(ctx context.Context, userID int64) (Profile, error) {
	profile := Profile{UserID: userID}
	err := p.Pool.QueryRow(ctx, "SELECT name, email, status FROM users WHERE id = $1", userID).
		Scan(&profile.Name, &profile.Email, &profile.Status)
	return profile, asNotFound(err)
}

func (p *Postgres) InsertPayment(ctx context.Context, payment Payment) (id int64, err error) {
	err = p.Pool.QueryRow(ctx,
		"INSERT INTO payments (user_id, order_id, amount_cents) VALUES ($1, $2, $3) RETURNING id",
		payment.UserID, payment.OrderID, payment.AmountCents).Scan(&id)
	return id, asNotFound(err)
}

// ProbePayments inserts no payment: a standby and a locked table refuse it, as they refuse payments.
func (p *Postgres) ProbePayments(ctx context.Context) error {
	_, err := p.Pool.Exec(ctx,
		"INSERT INTO payments (user_id, order_id, amount_cents) SELECT user_id, order_id, amount_cents FROM payments WHERE false")
	return err
}

// ProbeProfiles reads the profile of one user, who need not exist.
func (p *Postgres) ProbeProfiles(ctx context.Context) error {
	if _, err := p.SelectProfile(ctx, 1); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

func asNotFound(err error) error {
	var refused *pgconn.PgError
	if errors.Is(err, pgx.ErrNoRows) || errors.As(err, &refused) && refused.Code == foreignKeyViolation {
		return ErrNotFound
	}
	return err
}
