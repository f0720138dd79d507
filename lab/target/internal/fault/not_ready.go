package fault

import (
	"context"
	"net/http"
)

// notReady makes /healthz answer 500 from a moment after arming: pods that passed the rollout leave their Service, all at once.
type notReady struct{}

func (notReady) Name() string { return "not-ready" }

func (notReady) About() string {
	return "/healthz answers 500; parameter: how long after arming, default 40s; ends by itself after 10 minutes"
}

func (notReady) Prepare(parameter string, _ Process) (Effect, error) {
	delay, err := parseDuration(parameter, liveFaultByDefault, liveFaultMost)
	if err != nil {
		return Effect{}, err
	}
	failing := newSpan(delay)
	return Effect{
		Parameter: delay.String(),
		Health: func(context.Context) *HealthFailure {
			if !failing.now() {
				return nil
			}
			return &HealthFailure{Code: http.StatusInternalServerError, Reason: "not-ready: this pod does not want traffic"}
		},
		Start: failing.start,
	}, nil
}
