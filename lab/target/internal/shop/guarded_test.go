package shop

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tminus.dev/lab/target/internal/breaker"
)

var errAway = errors.New("connection refused")

// guardedShop is a shop behind breakers, and the dependencies that a test breaks.
type guardedShop struct {
	shopUnderTest
	t        *testing.T
	fake     *fakeShop
	prices   *countedPrices
	guarded  *Guarded
	registry *prometheus.Registry
}

func openGuarded(t *testing.T) *guardedShop {
	fake := &fakeShop{}
	g := &guardedShop{t: t, fake: fake, prices: &countedPrices{guard: &fake.guard}, registry: prometheus.NewRegistry()}
	g.guarded = Guard(GuardOptions{
		Database: g.fake, Cache: g.fake, Prices: g.prices, OpenFor: breaker.OpenByDefault, Registry: g.registry, Log: zap.NewNop(),
	})
	g.shopUnderTest = openAPI(&API{Database: g.guarded, Cache: g.guarded, Prices: g.guarded, Faults: g.fake, Switches: normal})
	g.guarded.log = zap.NewNop()
	return g
}

// run starts probes and retries, and returns what ends them.
func (g *guardedShop) run() (stop func()) {
	ctx, cancel := context.WithCancel(g.t.Context())
	var running sync.WaitGroup
	locked := func(err *error) func(context.Context) error {
		return func(context.Context) error {
			g.fake.guard.Lock()
			defer g.fake.guard.Unlock()
			return *err
		}
	}
	ask, cache := locked(&g.fake.databaseErr), locked(&g.fake.cacheErr)
	running.Go(func() { g.guarded.Run(ctx, Probes{Payment: ask, Profile: ask, ProfileCache: cache, OrderCount: cache}) })
	return func() {
		cancel()
		running.Wait()
	}
}

// fail makes calls of a dependency return err; nil repairs it.
func (g *guardedShop) fail(dependency *error, err error) {
	g.fake.guard.Lock()
	defer g.fake.guard.Unlock()
	*dependency = err
}

// value returns one series, by the values of its labels in the order of their names.
func value(t *testing.T, registry *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name && labelled(metric, labels) {
				return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func labelled(metric *dto.Metric, values []string) bool {
	if len(metric.GetLabel()) != len(values) {
		return false
	}
	for at, label := range metric.GetLabel() {
		if label.GetValue() != values[at] {
			return false
		}
	}
	return true
}

func (g *guardedShop) counted(name string, want float64, labels ...string) {
	g.t.Helper()
	if got := value(g.t, g.registry, name, labels...); got != want {
		g.t.Errorf("%s%v is %v, want %v", name, labels, got, want)
	}
}

func (g *guardedShop) answers(method, path, body string, code int, contains string) {
	g.t.Helper()
	if got, answer := g.ask(method, path, body); got != code || !strings.Contains(answer, contains) {
		g.t.Errorf("%s answers %d %s, want %d %s", path, got, answer, code, contains)
	}
}

func TestPaymentsAreAnsweredBusyFromTheFourthOnWhilePostgresIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openGuarded(t)
		defer g.run()()
		g.fail(&g.fake.databaseErr, errAway)
		for range breaker.Busy.Failures {
			g.answers("POST", "/api/payment/charge", goodPayment, 500, "internal error")
		}
		before := g.fake.payments
		g.answers("POST", "/api/payment/charge", goodPayment, 503, systemBusy)
		if g.fake.payments != before {
			t.Error("PostgreSQL was asked while the breaker is open")
		}
		g.counted("breaker_transitions_total", 1, "closed", "payment", "open")
		g.counted("breaker_fallbacks_total", 1, "busy", "payment")
		g.counted("breaker_calls_total", 3, "payment", "failed")

		g.fail(&g.fake.databaseErr, nil)
		time.Sleep(breaker.OpenByDefault + time.Second)
		synctest.Wait()
		g.counted("breaker_transitions_total", 1, "half-open", "payment", "closed")
		g.answers("POST", "/api/payment/charge", goodPayment, 200, "paymentId")
	})
}

func TestProfilesAreTheLastKnownOnesWhilePostgresIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openGuarded(t)
		defer g.run()()
		g.fail(&g.fake.databaseErr, errAway)
		g.fake.known24h = map[int64]Profile{1: {UserID: 1, Name: "User 1"}}
		for range breaker.Cached.Failures + 2 {
			g.answers("GET", "/api/user/profile?id=1", "", 200, `"stale":true`)
		}
		if g.fake.selects != int(breaker.Cached.Failures) {
			t.Errorf("%d selects, want %d", g.fake.selects, breaker.Cached.Failures)
		}
		g.counted("breaker_transitions_total", 1, "closed", "profile", "open")
		g.counted("breaker_fallbacks_total", 7, "cached", "profile")
		if len(g.fake.cached) != 0 {
			t.Error("a stale profile was cached as a fresh one")
		}
		g.answers("GET", "/api/user/profile?id=2", "", 503, systemBusy)
		g.counted("breaker_fallbacks_total", 1, "busy", "profile")

		g.fail(&g.fake.databaseErr, nil)
		time.Sleep(breaker.OpenByDefault + time.Second)
		synctest.Wait()
		g.counted("breaker_transitions_total", 1, "half-open", "profile", "closed")
		if _, body := g.ask("GET", "/api/user/profile?id=1", ""); strings.Contains(body, "stale") {
			t.Errorf("PostgreSQL is back: %s", body)
		}
	})
}

func TestOrdersAreRecordedWhileRedisIsAwayAndCountedOnceItIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openGuarded(t)
		defer g.run()()
		g.fail(&g.fake.cacheErr, errAway)
		const orders = 25
		for range orders {
			g.answers("POST", "/api/order/create", goodOrder, 200, "orderId")
		}
		if g.fake.recorded != int(breaker.Retried.Failures) {
			t.Errorf("Redis was asked %d times, want %d", g.fake.recorded, breaker.Retried.Failures)
		}
		g.counted("breaker_transitions_total", 1, "closed", "order-count", "open")
		g.counted("breaker_fallbacks_total", orders, "recorded", "order-count")
		g.counted("shop_orders_waiting", orders)
		time.Sleep(breaker.OpenByDefault / 2)
		synctest.Wait()
		g.counted("shop_orders_waiting", orders)

		g.fail(&g.fake.cacheErr, nil)
		time.Sleep(breaker.OpenByDefault)
		synctest.Wait()
		g.counted("breaker_transitions_total", 1, "half-open", "order-count", "closed")
		g.counted("shop_orders_waiting", 0)
		g.counted("shop_orders_retried_total", orders)
		g.fake.guard.Lock()
		defer g.fake.guard.Unlock()
		if len(g.fake.retried) != orders || g.fake.retried[0].ID != 7 || g.fake.retried[0].Day != "2000-01-01" {
			t.Errorf("%d retried, the first %+v", len(g.fake.retried), g.fake.retried[0])
		}
	})
}

func TestWhatIsRecordedAtProcessEndIsCountedThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openGuarded(t)
		stop := g.run()
		g.fail(&g.fake.cacheErr, errAway)
		g.answers("POST", "/api/order/create", goodOrder, 200, "orderId")
		g.fail(&g.fake.cacheErr, nil)
		stop()
		g.counted("shop_orders_waiting", 0)
	})
}

func TestAFullBacklogFailsTheOrderAndIsCounted(t *testing.T) {
	g := openGuarded(t)
	g.guarded.backlog.orders = make([]Order, backlogMost)
	g.fail(&g.fake.cacheErr, errAway)
	g.answers("POST", "/api/order/create", goodOrder, 500, "internal error")
	g.counted("breaker_fallbacks_total", 1, "dropped", "order-count")
}

func TestProfilesComeFromPostgresWhileRedisIsAway(t *testing.T) {
	g := openGuarded(t)
	g.fail(&g.fake.cacheErr, errAway)
	for range breaker.Cached.Failures + 2 {
		g.answers("GET", "/api/user/profile?id=1", "", 200, `"name":"User 1","email":"","status":""}`)
	}
	g.counted("breaker_transitions_total", 1, "closed", "profile-cache", "open")
	g.counted("breaker_fallbacks_total", 7, "database", "profile-cache")
	if logged := g.logs.FilterLoggerName("profile").Len(); logged != int(breaker.Cached.Failures) {
		t.Errorf("%d errors logged, want one for each failure and none for a rejection", logged)
	}
}

func TestOrdersAreAnsweredBusyWhilePricingIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := openGuarded(t)
		defer g.run()()
		g.fail(&g.prices.err, errAway)
		for range breaker.Busy.Failures {
			g.answers("POST", "/api/order/create", goodOrder, 500, "internal error")
		}
		g.answers("POST", "/api/order/create", goodOrder, 503, systemBusy)
		g.counted("breaker_fallbacks_total", 1, "busy", "pricing")
		if g.fake.orders != 0 {
			t.Errorf("%d orders stored without a price", g.fake.orders)
		}
		g.fail(&g.prices.err, nil)
		time.Sleep(breaker.OpenByDefault + time.Second)
		synctest.Wait()
		g.answers("POST", "/api/order/create", goodOrder, 200, "orderId")
	})
}

func TestWhatTheClientGotWrongOpensNoBreaker(t *testing.T) {
	g := openGuarded(t)
	g.prices.err = status.Error(codes.InvalidArgument, "sku")
	for range 20 {
		_, _ = g.ask("GET", "/api/user/profile?id=2", "")
		_, _ = g.ask("POST", "/api/payment/charge", `{"userId":2,"amountCents":1}`)
		_, _ = g.ask("POST", "/api/order/create", goodOrder)
	}
	for _, name := range []string{"payment", "profile", "profile-cache", "order-count", "pricing"} {
		g.counted("breaker_transitions_total", 0, "closed", name, "open")
	}
}

// blackHole accepts connections and never answers on them.
func blackHole(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, connection) }()
		}
	}()
	return listener.Addr().String()
}

// The clients must end when their context does: a breaker has no other means to end a call.
func TestCallsToDependenciesThatHangEndAtTheDeadlineOfTheirBreaker(t *testing.T) {
	pool, err := OpenPool(t.Context(), "postgres://shop@"+blackHole(t)+"/shop", 2, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	client, err := OpenRedis("redis://" + blackHole(t) + "/0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	database, cache := &Postgres{Pool: pool}, &Redis{Client: client}
	g := Guard(GuardOptions{
		Database: database, Cache: cache, OpenFor: breaker.OpenByDefault, Registry: prometheus.NewRegistry(), Log: zap.NewNop(),
	})
	var all sync.WaitGroup
	for name, call := range map[string]struct {
		deadline time.Duration
		do       func() error
	}{
		"payment": {breaker.Busy.Deadline, func() error { _, err := g.InsertPayment(t.Context(), Payment{UserID: 1}); return err }},
		// PostgreSQL, then Redis
		"profile": {breaker.Cached.Deadline * 2, func() error { _, err := g.SelectProfile(t.Context(), 1); return err }},
		"cache":   {breaker.Cached.Deadline, func() error { _, err := g.Profile(t.Context(), 1); return err }},
		"order": {breaker.Retried.Deadline, func() error {
			_, err := breaker.Do(t.Context(), g.orderCount, func(ctx context.Context) (struct{}, error) {
				return struct{}{}, cache.RetryOrder(ctx, Order{ID: 1, Day: "2000-01-01"})
			})
			return err
		}},
	} {
		all.Go(func() {
			begin := time.Now()
			err := call.do()
			if took := time.Since(begin); err == nil || took > call.deadline+time.Second {
				t.Errorf("%s: %v after %s, deadline %s", name, err, took, call.deadline)
			}
		})
	}
	all.Wait()
}
