package fault

import (
	"context"
	"net/http"
	"time"
)

const (
	slowStartByDefault = 15 * time.Second
	// Ten minutes is Kubernetes' default progress deadline: beyond it the fault would be a broken image.
	slowStartMost = 10 * time.Minute
)

// slowStart keeps /healthz failing for a while after process start, as a service does that warms a cache.
type slowStart struct{}

func (slowStart) Name() string { return "slow-start" }

func (slowStart) About() string {
	return "/healthz answers 503 after process start; parameter: for how long, default 15s"
}

func (slowStart) Prepare(parameter string, process Process) (Effect, error) {
	warmUp, err := parseDuration(parameter, slowStartByDefault, slowStartMost)
	if err != nil {
		return Effect{}, err
	}
	ready := process.StartedAt.Add(warmUp)
	return Effect{
		Parameter: warmUp.String(),
		Health: func(context.Context) *HealthFailure {
			if time.Now().Before(ready) {
				return &HealthFailure{Code: http.StatusServiceUnavailable, Reason: "slow-start: still starting"}
			}
			return nil
		},
	}, nil
}
