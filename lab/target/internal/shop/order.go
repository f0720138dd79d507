package shop

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/breaker"
	"tminus.dev/lab/target/internal/pricing"
	"tminus.dev/lab/target/internal/reply"
	"tminus.dev/lab/target/internal/trace"
)

// Order is what a user buys. Amounts are in cents.
type Order struct {
	UserID      int64  `json:"userId"`
	SKU         string `json:"sku"`
	Quantity    int32  `json:"quantity"`
	AmountCents int64  `json:"amountCents"`
	// ID and Day (UTC, 2006-01-02) are set when the order is stored; no client can.
	ID  int64  `json:"-"`
	Day string `json:"-"`
}

const (
	quantityMost  = 1_000       // what one order may hold; more is a typing error
	skuMostBytes  = 64          // longest article number in use, doubled
	amountMostCts = 100_000_000 // one million in the shop's currency; more goes through sales
)

func (o Order) problem() string {
	switch {
	case o.UserID <= 0:
		return "userId must be positive"
	case o.SKU == "" || len(o.SKU) > skuMostBytes:
		return "sku must have 1 to 64 bytes"
	case o.Quantity <= 0 || o.Quantity > quantityMost:
		return "quantity must be 1 to 1000"
	case o.AmountCents < 0 || o.AmountCents > amountMostCts:
		return "amountCents must be 0 to 100000000"
	}
	return ""
}

// prepareOrder is what the shop works out before it stores an order: the price of today, and what armed faults add.
func (a *API) prepareOrder(ctx context.Context, order Order) (err error) {
	ctx, end := trace.Inside(ctx, "prepare order")
	defer func() { end(err) }()
	if a.Prices != nil && a.Switches.Pricing.On() {
		if err := a.Faults.PricingError(); err != nil {
			return err
		}
		asked := ctx
		if stall := a.Faults.PricingStall(); stall > 0 {
			asked = pricing.WithStall(ctx, stall)
		}
		if _, err := a.Prices.Quote(asked, order.SKU); err != nil {
			return err
		}
	}
	return a.Faults.Order(ctx)
}

// createOrder stores an order in PostgreSQL, then counts it in one Redis pipeline.
func (a *API) createOrder(log *zap.Logger, w http.ResponseWriter, r *http.Request) {
	var order Order
	if !readBody(w, r, &order) {
		return
	}
	if problem := order.problem(); problem != "" {
		refuse(w, http.StatusBadRequest, problem)
		return
	}
	if err := a.prepareOrder(r.Context(), order); errors.Is(err, breaker.ErrRejected) {
		busy(w, systemBusy)
		return
	} else if err != nil {
		fail(log, w, "the order was not prepared", err)
		return
	}
	id, err := a.Database.InsertOrder(r.Context(), order)
	if errors.Is(err, ErrNotFound) {
		refuse(w, http.StatusNotFound, "no such user")
		return
	}
	if err != nil {
		fail(log, w, "the order was not stored", err)
		return
	}
	order.ID, order.Day = id, time.Now().UTC().Format(time.DateOnly)
	stall := func(pipe redis.Pipeliner) { a.Faults.OrderPipeline(pipe, r) }
	if err := a.Cache.RecordOrder(r.Context(), order, stall); err != nil {
		fail(log, w, "the order was not counted", err)
		return
	}
	reply.JSON(w, http.StatusOK, map[string]int64{"orderId": id})
}
