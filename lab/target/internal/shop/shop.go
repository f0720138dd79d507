// Package shop is the API of the shop: orders, profiles, payments.
package shop

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/observe"
	"tminus.dev/lab/target/internal/reply"
	"tminus.dev/lab/target/internal/trace"
)

const (
	// requestTimeout ends all work of a request: far above the 300 ms promised, below what clients commonly wait (10 s).
	requestTimeout = 5 * time.Second
	// bodyMostBytes is ample for the largest body of the API (under 200 bytes).
	bodyMostBytes = 16 << 10
)

// ErrNotFound says that the row asked for, or one it refers to, does not exist.
var ErrNotFound = errors.New("not found")

// Database keeps what must not be lost.
type Database interface {
	InsertOrder(ctx context.Context, order Order) (id int64, err error)
	SelectProfile(ctx context.Context, userID int64) (Profile, error)
	InsertPayment(ctx context.Context, payment Payment) (id int64, err error)
}

// Cache keeps what can be lost.
type Cache interface {
	// RecordOrder counts an order in one pipeline, behind what stall queues first.
	RecordOrder(ctx context.Context, order Order, stall func(redis.Pipeliner)) error
	// Profile answers ErrNotFound when the cache does not have it.
	Profile(ctx context.Context, userID int64) (Profile, error)
	// StoreProfile keeps a profile, for a minute as fresh and for a day as the last known one.
	StoreProfile(ctx context.Context, profile Profile) error
	// LastProfile answers the last known profile, marked as stale, or ErrNotFound.
	LastProfile(ctx context.Context, userID int64) (Profile, error)
	// RetryOrder counts an order unless RecordOrder or an earlier retry did.
	RetryOrder(ctx context.Context, order Order) error
}

// Prices quotes what an article costs.
type Prices interface {
	Quote(ctx context.Context, sku string) (cents int64, err error)
}

// Faults break requests on purpose; the fault board is one.
type Faults interface {
	Request(*http.Request) error
	Order(context.Context) error
	PricingStall() time.Duration
	PricingError() error
	OrderPipeline(redis.Pipeliner, *http.Request)
}

// API is the shop's handlers and what they need.
type API struct {
	Database Database
	Cache    Cache
	// Prices is nil where no pricing service is configured; then orders carry their own price, as they always do.
	Prices   Prices
	Faults   Faults
	Switches Switches
	Log      *zap.Logger
}

var (
	orderRoute   = observe.Route{Method: http.MethodPost, Path: "/api/order/create"}
	profileRoute = observe.Route{Method: http.MethodGet, Path: "/api/user/profile"}
	paymentRoute = observe.Route{Method: http.MethodPost, Path: "/api/payment/charge"}
)

// Routes lists the endpoints of the shop.
func Routes() []observe.Route { return []observe.Route{orderRoute, profileRoute, paymentRoute} }

// Mount adds the shop to the mux, every route measured; what no route takes is measured as unmatched.
func (a *API) Mount(mux *http.ServeMux, measured *observe.HTTP) {
	mount := func(route observe.Route, module string, handle func(*zap.Logger, http.ResponseWriter, *http.Request)) {
		mux.Handle(route.Method+" "+route.Path, measured.Measure(route, trace.Entry(route.Method, route.Path, a.wrap(a.Log.Named(module), handle))))
	}
	mount(orderRoute, "order", a.createOrder)
	mount(profileRoute, "profile", a.showProfile)
	mount(paymentRoute, "payment", a.chargePayment)
	mux.Handle("/", measured.MeasureUnmatched(http.NotFoundHandler()))
}

// wrap bounds a request in time and size and lets an armed fault fail it.
func (a *API) wrap(log *zap.Logger, handle func(*zap.Logger, http.ResponseWriter, *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, bodyMostBytes)
		// Before the request's own timeout: a fault may let it hang for as long as the client waits.
		if err := a.Faults.Request(r); err != nil {
			fail(log, w, "the request failed", err)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		handle(log, w, r.WithContext(ctx))
	})
}

func readBody(w http.ResponseWriter, r *http.Request, body any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(body); err != nil {
		refuse(w, http.StatusBadRequest, "the body cannot be read: "+err.Error())
		return false
	}
	return true
}

// refuse tells the client what it did wrong, or what is switched off: nothing is broken, so nothing is logged.
func refuse(w http.ResponseWriter, code int, why string) {
	reply.JSON(w, code, map[string]string{"error": why})
}

// fail tells the client as little as possible and the log everything.
func fail(log *zap.Logger, w http.ResponseWriter, what string, err error) {
	log.Error(what, zap.Error(err))
	reply.JSON(w, http.StatusInternalServerError, map[string]string{"error": "internal error"})
}
