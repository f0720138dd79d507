package main

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/health"
	"tminus.dev/lab/target/internal/observe"
	"tminus.dev/lab/target/internal/pricing"
	"tminus.dev/lab/target/internal/shop"
)

// dependencies are the clients of the other processes that the shop needs. None waits for its server.
type dependencies struct {
	pool   *pgxpool.Pool
	cache  *redis.Client
	prices *pricing.Client // nil where no pricing service is configured
}

func openDependencies(ctx context.Context, config config, registry prometheus.Registerer, root *zap.Logger) (d dependencies, err error) {
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.pool, err = shop.OpenPool(ctx, config.databaseURL, config.poolMaxConns, root.Named("postgres")); err != nil {
		return d, err
	}
	registry.MustRegister(observe.NewPoolCollector(d.pool.Stat))
	if d.cache, err = shop.OpenRedis(config.redisURL); err != nil {
		return d, err
	}
	if config.pricing != "" {
		d.prices, err = pricing.Dial(config.pricing)
	}
	return d, err
}

// close ignores errors: the process ends, and nothing is left to lose.
func (d dependencies) close() {
	if d.prices != nil {
		_ = d.prices.Close()
	}
	if d.cache != nil {
		_ = d.cache.Close()
	}
	if d.pool != nil {
		d.pool.Close()
	}
}

func (d dependencies) checks() map[string]health.Check {
	return map[string]health.Check{
		"postgres": d.pool.Ping,
		"redis":    func(ctx context.Context) error { return d.cache.Ping(ctx).Err() },
	}
}

// connect gives the API its dependencies, behind circuit breakers or bare, and returns what has to run beside it.
func (d dependencies) connect(api *shop.API, guarded bool, config config, registry prometheus.Registerer) func(context.Context) {
	database, cache := &shop.Postgres{Pool: d.pool}, &shop.Redis{Client: d.cache}
	api.Database, api.Cache = database, cache
	if d.prices != nil {
		api.Prices = d.prices
	}
	if !guarded {
		return func(context.Context) {}
	}
	behind := shop.Guard(shop.GuardOptions{
		Database: database, Cache: cache, Prices: api.Prices, OpenFor: config.breakerOpen, Registry: registry, Log: api.Log,
	})
	api.Database, api.Cache = behind, behind
	if d.prices != nil {
		api.Prices = behind
	}
	probes := shop.Probes{
		Payment: database.ProbePayments, Profile: database.ProbeProfiles, ProfileCache: cache.ProbeProfiles, OrderCount: cache.ProbeWrite,
	}
	return func(ctx context.Context) { behind.Run(ctx, probes) }
}
