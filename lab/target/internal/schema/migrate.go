// Package schema brings a database to the schema this binary was built with.
package schema

import (
	"context"
	"errors"
	"fmt"

	"github.com/golang-migrate/migrate/v4"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"tminus.dev/lab/target/migrations"
)

// seedLockKey keeps two `go-api migrate` from seeding at once. golang-migrate takes its own advisory lock for the migrations;
// this is a second one, any constant that nobody else uses ("tminus" in ASCII).
const seedLockKey = 0x746d696e7573

// Migrate applies what is missing and seeds the users. Running it again, or twice at the same time, changes nothing more.
// It keeps golang-migrate's own schema_migrations table, so the migrate command can take over (version, down 1).
// It returns the version reached. A dirty database (a migration that died half way) is refused, never forced.
func Migrate(ctx context.Context, databaseURL string) (version uint, err error) {
	version, err = migrateUp(databaseURL)
	if err != nil {
		return 0, err
	}
	return version, seed(ctx, databaseURL)
}

func migrateUp(databaseURL string) (version uint, err error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return 0, fmt.Errorf("DATABASE_URL cannot be read: %w", err)
	}
	driver, err := migratepgx.WithInstance(stdlib.OpenDB(*config), &migratepgx.Config{})
	if err != nil {
		return 0, fmt.Errorf("the database does not answer: %w", err)
	}
	files, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return 0, errors.Join(err, driver.Close())
	}
	runner, err := migrate.NewWithInstance("iofs", files, "pgx5", driver)
	if err != nil {
		return 0, errors.Join(err, driver.Close())
	}
	defer func() {
		sourceErr, databaseErr := runner.Close()
		err = errors.Join(err, sourceErr, databaseErr)
	}()

	if err := runner.Up(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return 0, fmt.Errorf("migrating up: %w", err)
	}
	version, _, err = runner.Version()
	return version, err
}

func seed(ctx context.Context, databaseURL string) error {
	conn, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))

	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(seedLockKey)); err != nil {
			return fmt.Errorf("waiting for the seed lock: %w", err)
		}
		// without arguments pgx sends the whole file by the simple protocol: several statements, one round trip
		if _, err := tx.Conn().PgConn().Exec(ctx, migrations.Seed).ReadAll(); err != nil {
			return fmt.Errorf("seeding users: %w", err)
		}
		return nil
	})
}
