package shop

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/breaker"
	"tminus.dev/lab/target/internal/reply"
)

// Profile is what the shop shows of a user.
type Profile struct {
	UserID int64  `json:"userId"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Status string `json:"status"`
	// Stale marks a profile that is the last known one, because PostgreSQL was not asked or did not answer.
	Stale bool `json:"stale,omitempty"`
}

// showProfile reads a profile from the cache, or from PostgreSQL when the cache lacks it or is down.
func (a *API) showProfile(log *zap.Logger, w http.ResponseWriter, r *http.Request) {
	if a.Switches.ShedLoad.On() {
		busy(w, "profiles are switched off to shed load; please try again later")
		return
	}
	userID, err := strconv.ParseInt(r.URL.Query().Get("id"), 10, 64)
	if err != nil || userID <= 0 {
		refuse(w, http.StatusBadRequest, "id must be a positive number")
		return
	}
	profile, cacheErr := a.Cache.Profile(r.Context(), userID)
	if cacheErr == nil {
		reply.JSON(w, http.StatusOK, profile)
		return
	}
	if !errors.Is(cacheErr, ErrNotFound) && !errors.Is(cacheErr, breaker.ErrRejected) {
		log.Error("the profile cache does not answer", zap.Error(cacheErr))
	}
	profile, err = a.readProfile(r.Context(), userID)
	if errors.Is(err, ErrNotFound) {
		refuse(w, http.StatusNotFound, "no such user")
		return
	}
	if errors.Is(err, breaker.ErrRejected) {
		busy(w, systemBusy)
		return
	}
	if err != nil {
		fail(log, w, "the profile was not read", err)
		return
	}
	if errors.Is(cacheErr, ErrNotFound) && !profile.Stale {
		if err := a.Cache.StoreProfile(r.Context(), profile); err != nil {
			log.Error("the profile was not cached", zap.Error(err))
		}
	}
	reply.JSON(w, http.StatusOK, profile)
}

// readProfile asks PostgreSQL, unless the shop is switched to its cache.
func (a *API) readProfile(ctx context.Context, userID int64) (Profile, error) {
	if !a.Switches.CacheOnly.On() {
		return a.Database.SelectProfile(ctx, userID)
	}
	profile, err := a.Cache.LastProfile(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		// Whether there is such a user only PostgreSQL could answer.
		return Profile{}, breaker.ErrRejected
	}
	return profile, err
}
