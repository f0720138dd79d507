// Package breaker protects the shop from dependencies that fail or hang, with sony/gobreaker.
//
// Each breaker follows one of three scenarios: consecutive failures until it opens, deadline of a call, and successful probes until it
// closes again. The answer while it is open belongs to the caller.
//
//	breaker        dependency   call                      scenario             answer while open
//	payment        PostgreSQL   insert of a payment       Busy     3/800 ms/3  503 "busy"
//	pricing        go-pricing   quote of an order         Busy     3/800 ms/3  503 "busy": an order at a guessed price is worse than none
//	profile        PostgreSQL   select of a profile       Cached   5/300 ms/5  the last known profile, marked stale; 503 if none is known
//	profile-cache  Redis        read of a profile         Cached   5/300 ms/5  the profile from PostgreSQL
//	order-count    Redis        pipeline after an order   Retried  10/2 s/10   the order is recorded in memory and counted later
//
// The insert of an order has no breaker: it is what the shop is for, and the three scenarios have no answer for it. The request's own
// timeout bounds it.
//
// A breaker moves from open to half-open only when it is called, so that neither a scrape nor a callback may ask for its state. Read
// breaker_transitions_total: a breaker is closed when its transitions from closed equal those to closed.
package breaker

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
	"go.uber.org/zap"
)

// Scenario is when a breaker opens and closes.
type Scenario struct {
	// Failures in a row open the breaker.
	Failures uint32
	// Deadline of each call; gobreaker itself has none.
	Deadline time.Duration
	// Probes is how many calls a half-open breaker lets through in all, and how many successes in a row close it.
	Probes uint32
}

// The scenarios, with the numbers of the article.
var (
	Busy    = Scenario{Failures: 3, Deadline: 800 * time.Millisecond, Probes: 3}
	Cached  = Scenario{Failures: 5, Deadline: 300 * time.Millisecond, Probes: 5}
	Retried = Scenario{Failures: 10, Deadline: 2 * time.Second, Probes: 10}
)

// OpenByDefault is how long a breaker stays open before it lets probes through.
const OpenByDefault = 60 * time.Second

// ErrRejected is the error of a call that was not made, because the breaker is open or all its probes are under way.
var ErrRejected = errors.New("circuit breaker rejects the call")

// errCallerGone stands for the error of a call whose caller gave up before the deadline of the breaker.
var errCallerGone = errors.New("the caller gave up")

// Options configure a breaker.
type Options struct {
	Name     string
	Scenario Scenario
	// OpenFor is how long it stays open.
	OpenFor time.Duration
	// Answered tells which errors are answers of a working dependency, such as "not found"; nil: none.
	Answered func(error) bool
	Metrics  *Metrics
	Log      *zap.Logger
}

// Breaker guards the calls of one kind to one dependency.
type Breaker struct {
	options Options
	circuit *gobreaker.CircuitBreaker[struct{}]
	closed  atomic.Bool
	// opened has a token after each opening until the prober takes it.
	opened chan struct{}
}

// New returns a closed breaker whose series exist with value 0.
func New(options Options) *Breaker {
	b := &Breaker{options: options, opened: make(chan struct{}, 1)}
	b.closed.Store(true)
	options.Metrics.begin(options.Name)
	b.circuit = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        options.Name,
		MaxRequests: options.Scenario.Probes,
		Timeout:     options.OpenFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= options.Scenario.Failures },
		IsSuccessful: func(err error) bool {
			return err == nil || options.Answered != nil && options.Answered(err)
		},
		IsExcluded:    func(err error) bool { return errors.Is(err, errCallerGone) },
		OnStateChange: b.changed,
	})
	return b
}

// changed runs with the lock of the circuit held: State() or Counts() here would wait for ever.
func (b *Breaker) changed(_ string, from, to gobreaker.State) {
	b.options.Metrics.transitions.WithLabelValues(b.options.Name, from.String(), to.String()).Inc()
	b.options.Log.Warn("circuit breaker changed", zap.String("breaker", b.options.Name), zap.Stringer("from", from), zap.Stringer("to", to))
	b.closed.Store(to == gobreaker.StateClosed)
	if to == gobreaker.StateOpen {
		select {
		case b.opened <- struct{}{}:
		default:
		}
	}
}

// Do makes a call that ends after the deadline of the scenario, or returns an error that is ErrRejected. The call must end when its
// context does: in half-open state one that does not would keep the breaker there.
func Do[T any](ctx context.Context, b *Breaker, call func(context.Context) (T, error)) (T, error) {
	value, result, err := do(ctx, b, call)
	b.options.Metrics.calls.WithLabelValues(b.options.Name, result).Inc()
	return value, err
}

func do[T any](parent context.Context, b *Breaker, call func(context.Context) (T, error)) (value T, result string, err error) {
	result = resultFailed // of a call that panics
	_, judged := b.circuit.Execute(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(parent, b.options.Scenario.Deadline)
		defer cancel()
		value, err = call(ctx)
		switch {
		case err == nil || b.options.Answered != nil && b.options.Answered(err):
			result = resultOK
		case parent.Err() != nil:
			// Impatient callers must not open the breaker: the dependency did not have its whole deadline.
			result = resultExcluded
			return struct{}{}, errCallerGone
		case ctx.Err() != nil:
			result = resultTimeout
		}
		return struct{}{}, err
	})
	if errors.Is(judged, gobreaker.ErrOpenState) || errors.Is(judged, gobreaker.ErrTooManyRequests) {
		return value, resultRejected, fmt.Errorf("%s: %w", b.options.Name, ErrRejected)
	}
	return value, result, err
}

// CountFallback counts an answer given instead of the call's own.
func (b *Breaker) CountFallback(answer string) {
	b.options.Metrics.fallbacks.WithLabelValues(b.options.Name, answer).Inc()
}
