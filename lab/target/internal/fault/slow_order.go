package fault

import (
	"net/http"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	slowOrderByDefault = 400 * time.Millisecond
	// The Redis client gives up a read after 3 s (shop.RedisReadTimeout); a longer stall would be an error, not slowness.
	slowOrderMost = 2 * time.Second
	// Nobody ever pushes to this key, so popping from it blocks for the whole timeout.
	slowOrderKey = "fault:slow-order:never-pushed"
)

// slowOrder stalls the Redis pipeline of each order. BLPOP blocks this one connection inside Redis and holds back the commands
// pipelined behind it, while the server goes on serving everyone else (DEBUG SLEEP would stop it for all). In a goroutine
// profile the handler waits in (*Pipeline).Exec, reading: what a really slow pipeline looks like.
type slowOrder struct{}

func (slowOrder) Name() string { return "slow-order" }

func (slowOrder) About() string {
	return "the Redis pipeline of POST /api/order/create stalls; parameter: for how long, default 400ms"
}

func (slowOrder) Prepare(parameter string, _ Process) (Effect, error) {
	stall, err := parseDuration(parameter, slowOrderByDefault, slowOrderMost)
	if err != nil {
		return Effect{}, err
	}
	// go-redis' own BLPop rounds to whole seconds; Redis 6 and later take fractions
	timeoutSeconds := strconv.FormatFloat(stall.Seconds(), 'f', -1, 64)
	return Effect{
		Parameter: stall.String(),
		OrderPipeline: func(pipe redis.Pipeliner, r *http.Request) {
			pipe.Do(r.Context(), "BLPOP", slowOrderKey, timeoutSeconds)
		},
	}, nil
}
