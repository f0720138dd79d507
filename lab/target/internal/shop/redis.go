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
	// lastProfileKept is how old a profile may be that is answered while PostgreSQL is away.
	lastProfileKept = 24 * time.Hour
	// ordersOfDayKept keeps the counters of a day over the next one, for whoever compares.
	ordersOfDayKept = 48 * time.Hour
	// countedPerKey bounds one bitmap of counted orders to 125 KB.
	countedPerKey = 1_000_000
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
	day, counted, bit := orderKeys(order)
	pipe.Incr(ctx, day)
	pipe.Expire(ctx, day, ordersOfDayKept)
	pipe.SetBit(ctx, counted, bit, 1)
	pipe.Expire(ctx, counted, ordersOfDayKept)
	recent := recentKey(order)
	pipe.LPush(ctx, recent, order.SKU)
	pipe.LTrim(ctx, recent, 0, recentOrders-1)
	pipe.Expire(ctx, recent, recentOrdersKept)
	// Exec answers the first command's error; nil is only what a stalling pop answers when its time is over
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("redis pipeline: %w", err)
	}
	return nil
}

// countOnce counts an order whose bit is not set. A pipeline that timed out may have been executed, so that a bare retry would count twice.
var countOnce = redis.NewScript(`
if redis.call('SETBIT', KEYS[1], ARGV[1], 1) == 1 then return 0 end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('LPUSH', KEYS[3], ARGV[3])
redis.call('LTRIM', KEYS[3], 0, ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[5])
return 1`)

func (c *Redis) RetryOrder(ctx context.Context, order Order) error {
	day, counted, bit := orderKeys(order)
	return countOnce.Run(ctx, c.Client, []string{counted, day, recentKey(order)},
		bit, int(ordersOfDayKept.Seconds()), order.SKU, recentOrders-1, int(recentOrdersKept.Seconds())).Err()
}

// ProbeWrite writes a key that nobody reads: a replica, a full server and one that cannot save refuse it, as they refuse orders.
func (c *Redis) ProbeWrite(ctx context.Context) error {
	return c.Client.Set(ctx, "shop:probe", 1, time.Minute).Err()
}

// ProbeProfiles reads the profile of one user, who need not be there.
func (c *Redis) ProbeProfiles(ctx context.Context) error {
	if _, err := c.Profile(ctx, 1); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// orderKeys are the counter of the order's day, the bitmap of the orders counted in it, and the order's bit.
func orderKeys(order Order) (day, counted string, bit int64) {
	shard := strconv.FormatInt(order.ID/countedPerKey, 10)
	return "shop:orders:" + order.Day, "shop:counted:" + order.Day + ":" + shard, order.ID % countedPerKey
}

func recentKey(order Order) string { return "shop:recent:" + strconv.FormatInt(order.UserID, 10) }

func (c *Redis) Profile(ctx context.Context, userID int64) (Profile, error) {
	return c.profile(ctx, profileKey(userID))
}

func (c *Redis) LastProfile(ctx context.Context, userID int64) (Profile, error) {
	profile, err := c.profile(ctx, lastProfileKey(userID))
	profile.Stale = true
	return profile, err
}

func (c *Redis) profile(ctx context.Context, key string) (Profile, error) {
	var profile Profile
	ctx, end := trace.Call(ctx, "redis get", semconv.DBSystemNameRedis)
	stored, err := c.Client.Get(ctx, key).Bytes()
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
	pipe := c.Client.Pipeline()
	pipe.Set(ctx, profileKey(profile.UserID), stored, profileKept)
	pipe.Set(ctx, lastProfileKey(profile.UserID), stored, lastProfileKept)
	_, err = pipe.Exec(ctx)
	return err
}

func profileKey(userID int64) string { return "shop:profile:" + strconv.FormatInt(userID, 10) }

func lastProfileKey(userID int64) string { return "shop:last-profile:" + strconv.FormatInt(userID, 10) }
