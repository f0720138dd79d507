package shop

import (
	"errors"
	"net/http"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/breaker"
	"tminus.dev/lab/target/internal/reply"
)

// Payment is what a user pays, for an order or without one. Amounts are in cents.
type Payment struct {
	UserID      int64  `json:"userId"`
	OrderID     *int64 `json:"orderId,omitempty"`
	AmountCents int64  `json:"amountCents"`
}

func (p Payment) problem() string {
	switch {
	case p.UserID <= 0:
		return "userId must be positive"
	case p.OrderID != nil && *p.OrderID <= 0:
		return "orderId must be positive"
	case p.AmountCents <= 0 || p.AmountCents > amountMostCts:
		return "amountCents must be 1 to 100000000"
	}
	return ""
}

// chargePayment stores a payment in PostgreSQL, unless payments are switched off.
func (a *API) chargePayment(log *zap.Logger, w http.ResponseWriter, r *http.Request) {
	if !a.Switches.Payment.On() {
		refuse(w, http.StatusServiceUnavailable, "payment is switched off; please try again later")
		return
	}
	var payment Payment
	if !readBody(w, r, &payment) {
		return
	}
	if problem := payment.problem(); problem != "" {
		refuse(w, http.StatusBadRequest, problem)
		return
	}
	id, err := a.Database.InsertPayment(r.Context(), payment)
	if errors.Is(err, ErrNotFound) {
		refuse(w, http.StatusNotFound, "no such user or order")
		return
	}
	if errors.Is(err, breaker.ErrRejected) {
		busy(w, systemBusy)
		return
	}
	if err != nil {
		fail(log, w, "the payment was not stored", err)
		return
	}
	reply.JSON(w, http.StatusOK, map[string]int64{"paymentId": id})
}
