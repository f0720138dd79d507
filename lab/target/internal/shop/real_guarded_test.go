package shop

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/breaker"
)

// link is a TCP proxy in front of a real server that a test can cut.
type link struct {
	guard       sync.Mutex
	cut         bool
	connections []net.Conn
}

// newLink returns the address of the server behind a link, with the same path and credentials.
func newLink(t *testing.T, server string) (*link, string) {
	t.Helper()
	target, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	host := target.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{}
	t.Cleanup(func() {
		_ = listener.Close()
		l.set(true)
	})
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			l.join(client, host)
		}
	}()
	target.Host = listener.Addr().String()
	return l, target.String()
}

func (l *link) join(client net.Conn, host string) {
	l.guard.Lock()
	defer l.guard.Unlock()
	server, err := net.Dial("tcp", host)
	if l.cut || err != nil {
		_ = client.Close()
		return
	}
	l.connections = append(l.connections, client, server)
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
}

func (l *link) set(cut bool) {
	l.guard.Lock()
	defer l.guard.Unlock()
	l.cut = cut
	if cut {
		for _, connection := range l.connections {
			_ = connection.Close()
		}
		l.connections = nil
	}
}

// eventually waits for a condition that background work of the shop makes true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func TestARetryCountsAnOrderOnceThoughTheFirstTryHadCountedIt(t *testing.T) {
	cache := realRedis(t)
	order := Order{UserID: time.Now().UnixNano(), SKU: "a", ID: time.Now().UnixNano(), Day: "2000-01-01"}
	counts := func() (orders, recent int64) {
		orders, err := cache.Client.Get(t.Context(), "shop:orders:2000-01-01").Int64()
		if err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		recent, err = cache.Client.LLen(t.Context(), recentKey(order)).Result()
		if err != nil {
			t.Fatal(err)
		}
		return orders, recent
	}
	before, _ := counts()
	if err := cache.RecordOrder(t.Context(), order, func(redis.Pipeliner) {}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := cache.RetryOrder(t.Context(), order); err != nil {
			t.Fatal(err)
		}
	}
	if orders, recent := counts(); orders != before+1 || recent != 1 {
		t.Errorf("counted %d times, %d recent", orders-before, recent)
	}
	order.ID++
	for range 3 {
		if err := cache.RetryOrder(t.Context(), order); err != nil {
			t.Fatal(err)
		}
	}
	if orders, recent := counts(); orders != before+2 || recent != 2 {
		t.Errorf("an order that was only retried: counted %d times, %d recent", orders-before-1, recent)
	}
}

func TestBreakersOpenAndCloseWithRealServers(t *testing.T) {
	databaseLink, databaseURL := newLink(t, fromEnvironment(t, "TEST_DATABASE_URL", "postgres://shop@127.0.0.1:5432/scratch"))
	redisLink, redisURL := newLink(t, fromEnvironment(t, "TEST_REDIS_URL", "redis://127.0.0.1:6379/9"))
	realPostgres(t) // migrates
	pool, err := OpenPool(t.Context(), databaseURL, 2, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	client, err := OpenRedis(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	database, cache, registry := &Postgres{Pool: pool}, &Redis{Client: client}, prometheus.NewRegistry()
	g := Guard(GuardOptions{Database: database, Cache: cache, OpenFor: 500 * time.Millisecond, Registry: registry, Log: zap.NewNop()})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		g.Run(ctx, Probes{
			Payment: database.ProbePayments, Profile: database.ProbeProfiles, ProfileCache: cache.ProbeProfiles, OrderCount: cache.ProbeWrite,
		})
	})
	defer running.Wait()
	defer stop()
	user := time.Now().UnixNano()
	calls := map[string]func() error{
		"payment":       func() error { _, err := g.InsertPayment(t.Context(), Payment{UserID: 3, AmountCents: 1}); return err },
		"profile":       func() error { _, err := g.SelectProfile(t.Context(), 3); return err },
		"profile-cache": func() error { _, err := g.LastProfile(t.Context(), 3); return err },
		"order-count": func() error {
			return g.RecordOrder(t.Context(), Order{UserID: user, SKU: "a", ID: time.Now().UnixNano(), Day: "2000-01-02"}, func(redis.Pipeliner) {})
		},
	}
	if err := cache.StoreProfile(t.Context(), Profile{UserID: 3, Name: "User"}); err != nil {
		t.Fatal(err)
	}
	scenarios := map[string]breaker.Scenario{
		"payment": breaker.Busy, "profile": breaker.Cached, "profile-cache": breaker.Cached, "order-count": breaker.Retried,
	}
	for name, of := range map[string]*link{
		"payment": databaseLink, "profile": databaseLink, "profile-cache": redisLink, "order-count": redisLink,
	} {
		if err := calls[name](); err != nil {
			t.Fatalf("%s, whole: %v", name, err)
		}
		of.set(true)
		for range scenarios[name].Failures {
			_ = calls[name]()
		}
		if opened := value(t, registry, "breaker_transitions_total", "closed", name, "open"); opened < 1 {
			t.Errorf("%s did not open after %d failures", name, scenarios[name].Failures)
		}
		of.set(false)
		eventually(t, fmt.Sprintf("%s closes without users", name), func() bool {
			return value(t, registry, "breaker_transitions_total", "half-open", name, "closed") == 1
		})
		if err := calls[name](); err != nil {
			t.Errorf("%s, whole again: %v", name, err)
		}
	}
	eventually(t, "all recorded orders are counted", func() bool {
		recent, err := client.LLen(t.Context(), fmt.Sprint("shop:recent:", user)).Result()
		return err == nil && recent == int64(min(recentOrders, 12)) && value(t, registry, "shop_orders_waiting") == 0
	})
}
