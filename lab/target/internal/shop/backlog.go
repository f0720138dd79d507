package shop

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/breaker"
)

const (
	// backlogMost holds what a pod takes in twice the time a breaker is open: 400 orders/s for 120 s, about 5 MB.
	backlogMost = 50_000
	// retryEvery is how often recorded orders are tried again.
	retryEvery = time.Second
	// lastRetryTimeout bounds the attempt at process end; with the drain and the shutdown it stays within the grace period.
	lastRetryTimeout = 2 * time.Second
)

// backlog is the orders that Redis has not counted yet, oldest first. It lives in memory: the orders themselves are in PostgreSQL, and
// their count is what can be lost.
type backlog struct {
	guard   sync.Mutex
	orders  []Order
	waiting prometheus.Gauge
	retried prometheus.Counter
}

func newBacklog(registry prometheus.Registerer) *backlog {
	b := &backlog{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "shop_orders_waiting", Help: "Orders recorded in memory that Redis has not counted yet.",
		}),
		retried: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "shop_orders_retried_total", Help: "Recorded orders that were counted later.",
		}),
	}
	registry.MustRegister(b.waiting, b.retried)
	return b
}

// add returns false when the backlog is full.
func (b *backlog) add(order Order) bool {
	b.guard.Lock()
	defer b.guard.Unlock()
	if len(b.orders) == backlogMost {
		return false
	}
	b.orders = append(b.orders, order)
	b.waiting.Set(float64(len(b.orders)))
	return true
}

func (b *backlog) first() (Order, bool) {
	b.guard.Lock()
	defer b.guard.Unlock()
	if len(b.orders) == 0 {
		return Order{}, false
	}
	return b.orders[0], true
}

func (b *backlog) counted() {
	b.guard.Lock()
	defer b.guard.Unlock()
	b.orders = b.orders[1:]
	if len(b.orders) == 0 {
		b.orders = nil // frees what a long outage made it grow to
	}
	b.waiting.Set(float64(len(b.orders)))
	b.retried.Inc()
}

func (b *backlog) size() int {
	b.guard.Lock()
	defer b.guard.Unlock()
	return len(b.orders)
}

// retryOrders counts recorded orders until ctx ends, and once more then.
func (g *Guarded) retryOrders(ctx context.Context) {
	ticker := time.NewTicker(retryEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			g.retryAll(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRetryTimeout)
			defer cancel()
			g.retryAll(last)
			if left := g.backlog.size(); left > 0 {
				g.log.Named("order").Error("recorded orders are lost to the count, because the process ends", zap.Int("orders", left))
			}
			return
		}
	}
}

// retryAll stops at the first order that is not counted: the breaker is open, or the next one would fail as well.
func (g *Guarded) retryAll(ctx context.Context) {
	for {
		order, waiting := g.backlog.first()
		if !waiting {
			return
		}
		_, err := breaker.Do(ctx, g.orderCount, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, g.RetryOrder(ctx, order)
		})
		if err != nil {
			return
		}
		g.backlog.counted()
	}
}
