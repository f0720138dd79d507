package fault

import (
	"context"
	"errors"
	"net/http"
)

// brokenImage makes /healthz answer 500 for ever: the pod never becomes ready and the rollout misses its progress deadline.
type brokenImage struct{}

func (brokenImage) Name() string { return "broken-image" }

func (brokenImage) About() string { return "/healthz always answers 500; no parameter" }

func (brokenImage) Prepare(parameter string, _ Process) (Effect, error) {
	if parameter != "" {
		return Effect{}, errors.New("takes no parameter")
	}
	return Effect{
		Health: func(context.Context) *HealthFailure {
			return &HealthFailure{Code: http.StatusInternalServerError, Reason: "broken-image: this image is broken"}
		},
	}, nil
}
