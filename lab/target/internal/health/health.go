// Package health answers whether this process can serve: it asks its dependencies, every time.
package health

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/reply"
)

// checkTimeout stays below kubelet's default probe timeout of 1 s, so that a hanging dependency is told as failing, by name,
// instead of the probe just running out.
const checkTimeout = 800 * time.Millisecond

// Check asks one dependency; nil means it answers.
type Check func(context.Context) error

// Report is the body of /healthz.
type Report struct {
	// Status is "ok", "failing", or "degraded": a dependency fails and the process is ready all the same.
	Status  string `json:"status"`
	Version string `json:"version"`
	// Checks says per dependency "ok" or "failing". What is wrong goes to the log: it names hosts and users, and this is public.
	Checks map[string]string `json:"checks"`
	// Reason is set when something else than a dependency fails.
	Reason string `json:"reason,omitempty"`
}

// Options are what /healthz asks and reports.
type Options struct {
	Version string
	Checks  map[string]Check
	Board   *fault.Board
	// StayReady: a failing dependency does not make /healthz fail while it returns true.
	StayReady func() bool
	Log       *zap.Logger
}

// Handler serves /healthz: 200 when every check answers within 800 ms, else 503; faults may make it fail otherwise.
func Handler(o Options) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report, code := Report{Status: "ok", Version: o.Version, Checks: map[string]string{}}, http.StatusOK
		stayReady := o.StayReady()
		for name, err := range ask(r.Context(), o.Checks) {
			report.Checks[name] = "ok"
			if err != nil {
				report.Checks[name] = "failing"
				report.Status, code = "failing", http.StatusServiceUnavailable
				if stayReady {
					report.Status, code = "degraded", http.StatusOK
				}
				o.Log.Error("a dependency does not answer", zap.String("dependency", name), zap.Error(err))
			}
		}
		if failure := o.Board.Health(r.Context()); failure != nil {
			report.Status, report.Reason, code = "failing", failure.Reason, failure.Code
		}
		w.Header().Set("Cache-Control", "no-store")
		reply.JSON(w, code, report)
	})
}

// ask runs all checks at once, so that two hanging dependencies take one timeout, not two.
func ask(parent context.Context, checks map[string]Check) map[string]error {
	ctx, cancel := context.WithTimeout(parent, checkTimeout)
	defer cancel()
	answers := make(map[string]error, len(checks))
	var guard sync.Mutex
	var all sync.WaitGroup
	for name, check := range checks {
		all.Go(func() {
			answer := check(ctx)
			guard.Lock()
			defer guard.Unlock()
			answers[name] = answer
		})
	}
	all.Wait()
	return answers
}
