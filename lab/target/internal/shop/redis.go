package shop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"

	"tminus.dev/lab/target/internal/trace"
)

const (
	// RedisReadTimeout is how long a command may take: ten times the p99 promised; the slow-order fault must stay below it.
	RedisReadTimeout = 3 * time.Second
	redisDialTimeout = time.Second
	// redisPoolSize lets a pod have 100 stalled pipelines (250 orders/s at 400 ms each) before orders queue for a connection as
	// well: then the profile would show the queue, not the pipeline. Connections are opened only as needed.
	redisPoolSize = 100
	// redisWarmConns are open before the first request, as the pgx pool's are.
	redisWarmConns = 10
	// profileKept is short, because nothing invalidates a cached profile.
	profileKept = time.Minute
	// ordersOfDayKept keeps the counters of a day over the next one, for whoever compares.
	ordersOfDayKept = 48 * time.Hour
	// recentOrders is what the shop's page shows of a user's last articles.
	recentOrders     = 10
	recentOrdersKept = 24 * time.Hour
)

// Redis is the Cache on a go-redis client.
type Redis struct{ Client *redis.Client }

// OpenRedis answers a client; like the pool it does not wait for the server.
func OpenRedis(redisURL string) (*redis.Client, error) {
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL cannot be read: %w", err)
	}
	options.DialTimeout = redisDialTimeout
	options.ReadTimeout = RedisReadTimeout
	options.PoolSize = redisPoolSize
	options.MinIdleConns = redisWarmConns
	options.ContextTimeoutEnabled = true // a health check of 800 ms must end after 800 ms
	options.MaxRetries = -1              // a retried pipeline would count an order twice
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(options), nil
}

// RecordOrder counts an order and remembers its article, all commands in one round trip.
func (c *Redis) RecordOrder(ctx context.Context, order Order, stall func(redis.Pipeliner)) (err error) {
	ctx, end := trace.Call(ctx, "redis pipeline", semconv.DBSystemNameRedis)
	defer func() { end(err) }()
	pipe := c.Client.Pipeline()
	stall(pipe)
	day := "shop:orders:" + time.Now().UTC().Format(time.DateOnly)
	pipe.Incr(ctx, day)
	pipe.Expire(ctx, day, ordersOfDayKept)
	recent := "shop:recent:" + strconv.FormatInt(order.UserID, 10)
	pipe.LPush(ctx, recent, order.SKU)
	pipe.LTrim(ctx, recent, 0, recentOrders-1)
	pipe.Expire(ctx, recent, recentOrdersKept)
	// Exec answers the first command's error; nil is only what a stalling pop answers when its time is over
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("redis pipeline: %w", err)
	}
	return nil
}

func (c *Redis) Profile(ctx context.Context, userID int64) (Profile, error) {
	var profile Profile
	ctx, end := trace.Call(ctx, "redis get", semconv.DBSystemNameRedis)
	stored, err := c.Client.Get(ctx, profileKey(userID)).Bytes()
	end(nil)
	if errors.Is(err, redis.Nil) {
		return profile, ErrNotFound
	}
	if err != nil {
		return profile, err
	}
	return profile, json.Unmarshal(stored, &profile)
}

func (c *Redis) StoreProfile(ctx context.Context, profile Profile) error {
	stored, err := json.Marshal(profile)
	if err != nil {
		return err
	}
	return c.Client.Set(ctx, profileKey(profile.UserID), stored, profileKept).Err()
}

func profileKey(userID int64) string { return "shop:profile:" + strconv.FormatInt(userID, 10) }
