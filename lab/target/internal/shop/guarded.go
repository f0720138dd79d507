package shop

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tminus.dev/lab/target/internal/breaker"
)

// Answers of the shop instead of a dependency's, as labels of breaker_fallbacks_total.
const (
	answerBusy     = "busy"
	answerCached   = "cached"
	answerRecorded = "recorded"
	answerDropped  = "dropped"
	answerDatabase = "database"
)

// Guarded puts circuit breakers in front of the dependencies; package breaker lists which breaker stands where. It is Database, Cache
// and Prices itself.
type Guarded struct {
	Database
	Cache
	Prices

	payment, profile, profileCache, orderCount, pricing *breaker.Breaker

	backlog *backlog
	log     *zap.Logger
}

// GuardOptions configure the breakers. Prices may be nil.
type GuardOptions struct {
	Database Database
	Cache    Cache
	Prices   Prices
	// OpenFor is how long a breaker stays open.
	OpenFor  time.Duration
	Registry prometheus.Registerer
	Log      *zap.Logger
}

// Guard returns the dependencies behind closed breakers.
func Guard(o GuardOptions) *Guarded {
	metrics := breaker.NewMetrics(o.Registry)
	log := o.Log.Named("breaker")
	guard := func(name string, scenario breaker.Scenario, answered func(error) bool) *breaker.Breaker {
		return breaker.New(breaker.Options{Name: name, Scenario: scenario, OpenFor: o.OpenFor, Answered: answered, Metrics: metrics, Log: log})
	}
	notFound := func(err error) bool { return errors.Is(err, ErrNotFound) }
	return &Guarded{
		Database: o.Database, Cache: o.Cache, Prices: o.Prices,
		payment:      guard("payment", breaker.Busy, notFound),
		profile:      guard("profile", breaker.Cached, notFound),
		profileCache: guard("profile-cache", breaker.Cached, notFound),
		orderCount:   guard("order-count", breaker.Retried, nil),
		pricing:      guard("pricing", breaker.Busy, func(err error) bool { return status.Code(err) == codes.InvalidArgument }),
		backlog:      newBacklog(o.Registry),
		log:          o.Log,
	}
}

// Probes are calls that fail whenever those of users would, and change nothing that users see.
type Probes struct {
	Payment, Profile, ProfileCache, OrderCount func(context.Context) error
}

// Run probes open breakers and counts recorded orders until ctx ends.
func (g *Guarded) Run(ctx context.Context, probes Probes) {
	var all sync.WaitGroup
	all.Go(func() { g.payment.Probe(ctx, probes.Payment) })
	all.Go(func() { g.profile.Probe(ctx, probes.Profile) })
	all.Go(func() { g.profileCache.Probe(ctx, probes.ProfileCache) })
	all.Go(func() { g.orderCount.Probe(ctx, probes.OrderCount) })
	all.Go(func() { g.retryOrders(ctx) })
	if g.Prices != nil {
		all.Go(func() {
			g.pricing.Probe(ctx, func(ctx context.Context) error {
				_, err := g.Prices.Quote(ctx, "probe")
				return err
			})
		})
	}
	all.Wait()
}

// InsertPayment stores a payment, or returns an error that is breaker.ErrRejected.
func (g *Guarded) InsertPayment(ctx context.Context, payment Payment) (int64, error) {
	id, err := breaker.Do(ctx, g.payment, func(ctx context.Context) (int64, error) { return g.Database.InsertPayment(ctx, payment) })
	countBusy(g.payment, err)
	return id, err
}

// Quote returns a price, or an error that is breaker.ErrRejected.
func (g *Guarded) Quote(ctx context.Context, sku string) (int64, error) {
	cents, err := breaker.Do(ctx, g.pricing, func(ctx context.Context) (int64, error) { return g.Prices.Quote(ctx, sku) })
	countBusy(g.pricing, err)
	return cents, err
}

func countBusy(b *breaker.Breaker, err error) {
	if errors.Is(err, breaker.ErrRejected) {
		b.CountFallback(answerBusy)
	}
}

// SelectProfile reads a profile. When PostgreSQL does not answer it is the last known one, marked as stale; where none is known the error
// stays, and may be breaker.ErrRejected.
func (g *Guarded) SelectProfile(ctx context.Context, userID int64) (Profile, error) {
	profile, err := breaker.Do(ctx, g.profile, func(ctx context.Context) (Profile, error) { return g.Database.SelectProfile(ctx, userID) })
	if err == nil || errors.Is(err, ErrNotFound) {
		return profile, err
	}
	last, lastErr := g.LastProfile(ctx, userID)
	if lastErr != nil {
		countBusy(g.profile, err)
		return Profile{}, err
	}
	g.profile.CountFallback(answerCached)
	if !errors.Is(err, breaker.ErrRejected) {
		g.log.Named("profile").Error("the profile was not read; the last known one is the answer", zap.Error(err))
	}
	return last, nil
}

// Profile reads a profile from the cache, or returns an error: then PostgreSQL is to be asked.
func (g *Guarded) Profile(ctx context.Context, userID int64) (Profile, error) {
	profile, err := breaker.Do(ctx, g.profileCache, func(ctx context.Context) (Profile, error) { return g.Cache.Profile(ctx, userID) })
	if err != nil && !errors.Is(err, ErrNotFound) {
		g.profileCache.CountFallback(answerDatabase)
	}
	return profile, err
}

// LastProfile reads the last known profile from the cache.
func (g *Guarded) LastProfile(ctx context.Context, userID int64) (Profile, error) {
	return breaker.Do(ctx, g.profileCache, func(ctx context.Context) (Profile, error) { return g.Cache.LastProfile(ctx, userID) })
}

// RecordOrder counts an order. When Redis does not do it, the order is recorded in memory and counted later; only a full backlog is
// an error.
func (g *Guarded) RecordOrder(ctx context.Context, order Order, stall func(redis.Pipeliner)) error {
	_, err := breaker.Do(ctx, g.orderCount, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, g.Cache.RecordOrder(ctx, order, stall)
	})
	if err == nil {
		return nil
	}
	if !g.backlog.add(order) {
		g.orderCount.CountFallback(answerDropped)
		return err
	}
	g.orderCount.CountFallback(answerRecorded)
	if !errors.Is(err, breaker.ErrRejected) {
		g.log.Named("order").Error("the order was not counted; it is retried later", zap.Error(err))
	}
	return nil
}
