// Package fault breaks the shop on purpose, so that the countdown has something to find. Every fault is off by default; each is
// one file with one Fault, and one line in known.
package fault

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

// known lists every fault there is; to add one, write its file and add its line.
var known = []Fault{
	slowOrder{},
	errorSurge{},
	brokenImage{},
	slowStart{},
	crashLoop{},
	hang{},
	hang{handlersOnly: true},
	notReady{},
	missingIndex{},
	poolExhaustion{},
	leakChannel{},
	leakContext{},
	leakWaitGroup{},
	lockContention{&ledger{}},
	gcPressure{&atomic.Pointer[node]{}},
	slowPricing{},
	pricingErrors{},
	dialTimeout{},
	rowLock{},
	cpuJSON{},
}

// Fault is one way to break the shop.
type Fault interface {
	// Name is how FAULT and the admin endpoint call it.
	Name() string
	// About says in a sentence what it does and what its parameter means.
	About() string
	// Prepare reads the parameter ("" means the default) and answers the effect, without starting anything yet.
	Prepare(parameter string, process Process) (Effect, error)
}

// Process is what a fault may know of, and do to, the process it breaks.
type Process struct {
	StartedAt time.Time
	// Exit ends the process at once, as os.Exit does.
	Exit func(code int)
	// Database is the pool the shop itself uses.
	Database *pgxpool.Pool
}

// Effect is what an armed fault does. Hooks left nil do nothing.
type Effect struct {
	// Parameter is the one in force, defaults filled in.
	Parameter string
	// Health answers how /healthz fails, or nil; it may wait until the probe gives up.
	Health func(context.Context) *HealthFailure
	// Request answers an error to make a request of the shop answer 500; it may wait until the client gives up.
	Request func(*http.Request) error
	// OrderPipeline may queue commands into the Redis pipeline of an order, before the shop's own.
	OrderPipeline func(redis.Pipeliner, *http.Request)
	// Order does more work for an order, before the shop's own; its error fails the order.
	Order func(context.Context) error
	// Pricing is by how much the pricing service answers late.
	Pricing time.Duration
	// PricingError answers an error to fail an order before the pricing service is asked.
	PricingError func() error
	// Start begins what runs by itself; the function it answers ends it.
	Start func() (stop func())
}

// HealthFailure is how a fault makes /healthz fail.
type HealthFailure struct {
	Code   int
	Reason string
}

// find answers the fault of that name, or an error that lists the names there are.
func find(name string) (Fault, error) {
	names := make([]string, 0, len(known))
	for _, f := range known {
		if f.Name() == name {
			return f, nil
		}
		names = append(names, f.Name())
	}
	return nil, fmt.Errorf("unknown fault %q; known are %s", name, strings.Join(names, ", "))
}

// parseDuration reads a parameter such as "400ms" that must lie in (0, most].
func parseDuration(parameter string, byDefault, most time.Duration) (time.Duration, error) {
	if parameter == "" {
		return byDefault, nil
	}
	d, err := time.ParseDuration(parameter)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration such as %s", parameter, byDefault)
	}
	if d <= 0 || d > most {
		return 0, fmt.Errorf("%s is outside of (0, %s]", d, most)
	}
	return d, nil
}

// parsePercent reads a parameter such as "20" or "20%" that must lie in (0, 100].
func parsePercent(parameter string, byDefault float64) (float64, error) {
	if parameter == "" {
		return byDefault, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(parameter, "%"), 64)
	if err != nil || !(percent > 0 && percent <= 100) {
		return 0, fmt.Errorf("%q is no percentage in (0, 100]", parameter)
	}
	return percent, nil
}
