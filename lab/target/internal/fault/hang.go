package fault

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// 40 s: a launch of three pods takes 10 to 20 s here, so the pods pass every check of the rollout and hang under the guard.
	liveFaultByDefault = 40 * time.Second
	liveFaultMost      = time.Hour
	// Longer than any guard of the lab waits for a rollback; a fault that a killed harness left behind still ends by itself.
	liveFaultLasts = 10 * time.Minute
)

var errHung = errors.New("hang: this request was held until its client gave up")

// hang leaves every request without an answer, from a moment after arming. /metrics goes on: a service whose handlers wait for a
// lock still exports what it counted.
type hang struct {
	// handlersOnly: /healthz answers as before.
	handlersOnly bool
}

func (h hang) Name() string {
	if h.handlersOnly {
		return "hang-handlers"
	}
	return "hang"
}

func (h hang) About() string {
	if h.handlersOnly {
		return "requests of the shop get no answer, /healthz does; parameter: how long after arming, default 40s; ends by itself after 10 minutes"
	}
	return "no request gets an answer, nor does /healthz; parameter: how long after arming, default 40s; ends by itself after 10 minutes"
}

func (h hang) Prepare(parameter string, _ Process) (Effect, error) {
	delay, err := parseDuration(parameter, liveFaultByDefault, liveFaultMost)
	if err != nil {
		return Effect{}, err
	}
	held := newSpan(delay)
	effect := Effect{
		Parameter: delay.String(),
		Request: func(r *http.Request) error {
			if !held.now() {
				return nil
			}
			// net/http detects that a client went away only once the body is read.
			_, _ = io.Copy(io.Discard, r.Body)
			held.wait(r.Context())
			return errHung
		},
		Start: held.start,
	}
	if !h.handlersOnly {
		effect.Health = func(ctx context.Context) *HealthFailure {
			if !held.now() {
				return nil
			}
			held.wait(ctx)
			return &HealthFailure{Code: http.StatusServiceUnavailable, Reason: errHung.Error()}
		}
	}
	return effect, nil
}

// span is the time during which a live fault is in force: from a moment after arming, for liveFaultLasts, or until it is disarmed.
type span struct {
	delay time.Duration
	begin time.Time
	over  chan struct{}
	end   func()
}

func newSpan(delay time.Duration) *span {
	over := make(chan struct{})
	return &span{delay: delay, begin: time.Now().Add(delay), over: over, end: sync.OnceFunc(func() { close(over) })}
}

func (s *span) start() (stop func()) {
	timer := time.AfterFunc(s.delay+liveFaultLasts, s.end)
	return func() {
		timer.Stop()
		s.end()
	}
}

// now answers whether the fault is in force.
func (s *span) now() bool {
	select {
	case <-s.over:
		return false
	default:
		return !time.Now().Before(s.begin)
	}
}

// wait returns when the client gave up or the fault has ended.
func (s *span) wait(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.over:
	}
}
