package fault

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	errorSurgePercentByDefault = 20
	// Long enough for probes to pass and the pod to join its Service, so that the rollout succeeds and the guard has to see it.
	errorSurgeAfter = 5 * time.Second
)

var errSurge = errors.New("error-surge: this request was chosen to fail")

// errorSurge answers 500 to a share of the shop's requests, chosen at random. /healthz knows nothing of it.
type errorSurge struct{}

func (errorSurge) Name() string { return "error-surge" }

func (errorSurge) About() string {
	return "a share of the shop's requests answers 500, from 5 s after process start; parameter: percent, default 20"
}

func (errorSurge) Prepare(parameter string, process Process) (Effect, error) {
	percent, err := parsePercent(parameter, errorSurgePercentByDefault)
	if err != nil {
		return Effect{}, err
	}
	begin := process.StartedAt.Add(errorSurgeAfter)
	return Effect{
		Parameter: strconv.FormatFloat(percent, 'f', -1, 64),
		Request: func(*http.Request) error {
			if time.Now().Before(begin) || rand.Float64()*100 >= percent {
				return nil
			}
			return errSurge
		},
	}, nil
}
