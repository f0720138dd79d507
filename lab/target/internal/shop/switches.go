package shop

import (
	"net/http"

	"tminus.dev/lab/target/internal/reply"
	"tminus.dev/lab/target/switches"
)

// Names of the emergency switches.
const (
	switchPayment   = "payment"
	switchPricing   = "pricing"
	switchCacheOnly = "cache-only"
	switchShedLoad  = "shed-load"
	// SwitchStayReady and SwitchBreakers are read where the process is put together.
	SwitchStayReady = "stay-ready"
	SwitchBreakers  = "breakers"
)

// SwitchDefinitions are the emergency switches of the shop. Their defaults are the shop in normal operation.
var SwitchDefinitions = []switches.Definition{
	{
		Name: switchPayment, Env: "FEATURE_PAYMENT_ENABLED", Default: true,
		About: "payments are charged; off: they are answered 503",
	},
	{
		Name: switchPricing, Env: "FEATURE_PRICING_ENABLED", Default: true,
		About: "orders ask the pricing service; off: they keep the price they came with",
	},
	{
		Name: switchCacheOnly, Env: "FEATURE_CACHE_ONLY_ENABLED",
		About: "profiles come from the cache, also expired ones, and never from PostgreSQL",
	},
	{
		Name: switchShedLoad, Env: "FEATURE_SHED_LOAD_ENABLED",
		About: "profiles are answered 503, so that orders and payments have what is left",
	},
	{
		Name: SwitchStayReady, Env: "FEATURE_STAY_READY_ENABLED",
		About: "/healthz answers 200 though a dependency fails, so that pods stay in their Service and circuit breakers answer",
	},
	{
		Name: SwitchBreakers, Env: "FEATURE_BREAKERS_ENABLED", Default: true, Readonly: true,
		About: "circuit breakers stand in front of PostgreSQL, Redis and the pricing service",
	},
}

// Switch is one emergency switch.
type Switch interface{ On() bool }

// Switches are the emergency switches that requests read.
type Switches struct{ Payment, Pricing, CacheOnly, ShedLoad Switch }

// SwitchesOf returns the handles of a set with SwitchDefinitions.
func SwitchesOf(set *switches.Set) Switches {
	return Switches{
		Payment: set.Switch(switchPayment), Pricing: set.Switch(switchPricing),
		CacheOnly: set.Switch(switchCacheOnly), ShedLoad: set.Switch(switchShedLoad),
	}
}

// retryAfterSeconds is when a client that was answered "busy" should come back: an open breaker is asked at most twelve times a minute.
const retryAfterSeconds = "5"

// busy answers that the shop cannot do it now: nothing is broken here, so nothing is logged.
func busy(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", retryAfterSeconds)
	reply.JSON(w, http.StatusServiceUnavailable, map[string]string{"error": why})
}

const systemBusy = "the system is busy; please try again later"
