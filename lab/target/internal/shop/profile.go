package shop

import (
	"errors"
	"net/http"
	"strconv"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/reply"
)

// Profile is what the shop shows of a user.
type Profile struct {
	UserID int64  `json:"userId"`
	Name   string `json:"name"`
	Email  string `json:"email"`
	Status string `json:"status"`
}

// showProfile reads a profile from the cache, or from PostgreSQL when the cache lacks it or is down.
func (a *API) showProfile(log *zap.Logger, w http.ResponseWriter, r *http.Request) {
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
	if !errors.Is(cacheErr, ErrNotFound) {
		log.Error("the profile cache does not answer", zap.Error(cacheErr))
	}
	profile, err = a.Database.SelectProfile(r.Context(), userID)
	if errors.Is(err, ErrNotFound) {
		refuse(w, http.StatusNotFound, "no such user")
		return
	}
	if err != nil {
		fail(log, w, "the profile was not read", err)
		return
	}
	if errors.Is(cacheErr, ErrNotFound) {
		if err := a.Cache.StoreProfile(r.Context(), profile); err != nil {
			log.Error("the profile was not cached", zap.Error(err))
		}
	}
	reply.JSON(w, http.StatusOK, profile)
}
