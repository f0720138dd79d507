package shop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/observe"
	"tminus.dev/lab/target/internal/schema"
	"tminus.dev/lab/target/migrations"
)

// fromEnvironment answers the address of a real server, or skips and says what to set.
func fromEnvironment(t *testing.T, name, example string) string {
	t.Helper()
	address := os.Getenv(name)
	if address == "" {
		t.Skipf("%s is not set (for example %s); this test needs the real server", name, example)
	}
	return address
}

func realPostgres(t *testing.T) *Postgres {
	t.Helper()
	url := fromEnvironment(t, "TEST_DATABASE_URL", "postgres://shop@127.0.0.1:5432/scratch")
	if _, err := schema.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	pool, err := OpenPool(t.Context(), url, 2, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return &Postgres{Pool: pool}
}

func realRedis(t *testing.T) *Redis {
	t.Helper()
	client, err := OpenRedis(fromEnvironment(t, "TEST_REDIS_URL", "redis://127.0.0.1:6379/9"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return &Redis{Client: client}
}

func TestASlowStatementOfThePoolIsLoggedWithoutItsArguments(t *testing.T) {
	var out bytes.Buffer
	log := observe.NewLogger(prometheus.NewRegistry(), zapcore.AddSync(&out))
	pool, err := OpenPool(t.Context(), fromEnvironment(t, "TEST_DATABASE_URL", "postgres://shop@127.0.0.1:5432/scratch"), 1, log)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, seconds := range []float64{0, 0.15} {
		if _, err := pool.Exec(t.Context(), "SELECT pg_sleep($1), $2::text", seconds, "alice"); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(out.String(), "\n"); lines != 1 || !strings.Contains(out.String(), `"sql":"SELECT pg_sleep($1), $2::text","duration":0.1`) {
		t.Errorf("%d lines: %s", lines, out.String())
	}
	if strings.Contains(out.String(), "alice") {
		t.Errorf("what it was called with is told: %s", out.String())
	}
}

func TestMigratingTwiceAtOnceIsSafeAndSeedsAThousandUsers(t *testing.T) {
	url := fromEnvironment(t, "TEST_DATABASE_URL", "postgres://shop@127.0.0.1:5432/scratch")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if version, err := schema.Migrate(t.Context(), url); err != nil || version != 1 {
				t.Errorf("version %d, %v", version, err)
			}
		})
	}
	both.Wait()
	var users int
	if err := realPostgres(t).Pool.QueryRow(t.Context(), "SELECT count(*) FROM users WHERE id <= 1000").Scan(&users); err != nil || users != 1000 {
		t.Errorf("%d users, %v", users, err)
	}
}

func TestTheDownMigrationUndoesTheUpMigrationAndItCanGoUpAgain(t *testing.T) {
	postgres := realPostgres(t)
	down, err := migrations.Files.ReadFile("000001_init.down.sql")
	if err != nil {
		t.Fatal(err)
	}
	up, err := migrations.Files.ReadFile("000001_init.up.sql")
	if err != nil {
		t.Fatal(err)
	}
	tables := func(tx pgx.Tx) (n int) {
		const ours = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename IN ('users', 'orders', 'payments')"
		if err := tx.QueryRow(t.Context(), ours).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	// one transaction, rolled back: the tables the other tests use stay
	tx, err := postgres.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	for _, step := range []struct {
		sql    []byte
		tables int
	}{{down, 0}, {up, 3}} {
		if _, err := tx.Conn().PgConn().Exec(t.Context(), string(step.sql)).ReadAll(); err != nil {
			t.Fatal(err)
		}
		if n := tables(tx); n != step.tables {
			t.Errorf("%d tables, want %d, after %.30s", n, step.tables, step.sql)
		}
	}
}

func TestPostgresStoresOrdersAndPaymentsAndKnowsWhoIsMissing(t *testing.T) {
	postgres := realPostgres(t)
	order := Order{UserID: 3, SKU: "a-1", Quantity: 1, AmountCents: 100}
	id, err := postgres.InsertOrder(t.Context(), order)
	if err != nil || id <= 0 {
		t.Fatalf("order %d, %v", id, err)
	}
	if _, err := postgres.InsertPayment(t.Context(), Payment{UserID: 3, OrderID: &id, AmountCents: 100}); err != nil {
		t.Error(err)
	}
	if profile, err := postgres.SelectProfile(t.Context(), 3); err != nil || profile.Email != "user3@shop.example" {
		t.Errorf("%+v, %v", profile, err)
	}

	nobody, nothing := int64(1)<<40, int64(1)<<40
	order.UserID = nobody
	_, orderErr := postgres.InsertOrder(t.Context(), order)
	_, paymentErr := postgres.InsertPayment(t.Context(), Payment{UserID: 3, OrderID: &nothing, AmountCents: 100})
	_, profileErr := postgres.SelectProfile(t.Context(), nobody)
	for name, err := range map[string]error{"order": orderErr, "payment": paymentErr, "profile": profileErr} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
}

func TestRedisRecordsOrdersAndKeepsProfiles(t *testing.T) {
	cache := realRedis(t)
	user := time.Now().UnixNano()
	nothing := func(redis.Pipeliner) {}
	for n := range recentOrders + 5 {
		if err := cache.RecordOrder(t.Context(), Order{UserID: user, SKU: fmt.Sprint("sku-", n)}, nothing); err != nil {
			t.Fatal(err)
		}
	}
	if recent, err := cache.Client.LRange(t.Context(), fmt.Sprint("shop:recent:", user), 0, -1).Result(); err != nil || len(recent) != recentOrders || recent[0] != "sku-14" {
		t.Errorf("recent %v, %v", recent, err)
	}
	if _, err := cache.Profile(t.Context(), user); !errors.Is(err, ErrNotFound) {
		t.Errorf("a profile never stored: %v, want not found", err)
	}
	stored := Profile{UserID: user, Name: "User"}
	if err := cache.StoreProfile(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	if got, err := cache.Profile(t.Context(), user); err != nil || got != stored {
		t.Errorf("%+v, %v", got, err)
	}
	stored.Stale = true
	if got, err := cache.LastProfile(t.Context(), user); err != nil || got != stored {
		t.Errorf("the last known one: %+v, %v", got, err)
	}
	if _, err := cache.LastProfile(t.Context(), user+1); !errors.Is(err, ErrNotFound) {
		t.Errorf("one never stored: %v, want not found", err)
	}
}

func TestSlowOrderStallsItsOwnPipelineAndNobodyElse(t *testing.T) {
	cache := realRedis(t)
	board := fault.NewBoard(fault.Process{StartedAt: time.Now()})
	const stall = 300 * time.Millisecond
	if err := board.Replace(map[string]string{"slow-order": stall.String()}); err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest("POST", "/", nil).WithContext(t.Context())
	user := time.Now().UnixNano()
	stalled := make(chan time.Duration)
	go func() {
		begin := time.Now()
		if err := cache.RecordOrder(context.Background(), Order{UserID: user, SKU: "a"}, func(pipe redis.Pipeliner) { board.OrderPipeline(pipe, request) }); err != nil {
			t.Error(err)
		}
		stalled <- time.Since(begin)
	}()

	var pings int
	for {
		select {
		case took := <-stalled:
			if took < stall {
				t.Errorf("the pipeline took %s, want at least %s", took, stall)
			}
			// a stopped server would have answered one ping at most; a served one answers thousands
			if pings < 20 {
				t.Errorf("only %d pings were answered meanwhile", pings)
			}
			if n, err := cache.Client.LLen(t.Context(), fmt.Sprint("shop:recent:", user)).Result(); err != nil || n != 1 {
				t.Errorf("the stalled order was recorded %d times, %v", n, err)
			}
			return
		default:
			if err := cache.Client.Ping(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			pings++
		}
	}
}
