package fault

import (
	"errors"
	"math/rand/v2"
	"strconv"
)

const pricingErrorsPercentByDefault = 100

var errPricing = errors.New("pricing-errors: this order was chosen to fail where it asks for a price")

// pricingErrors fails orders where they ask for a price, before the pricing service is asked: no circuit breaker counts them. Orders that do not
// ask, because the switch `pricing` is off, are whole.
type pricingErrors struct{}

func (pricingErrors) Name() string { return "pricing-errors" }

func (pricingErrors) About() string {
	return "a share of the orders that ask for a price answers 500; the switch `pricing` relieves it; parameter: percent, default 100"
}

func (pricingErrors) Prepare(parameter string, _ Process) (Effect, error) {
	percent, err := parsePercent(parameter, pricingErrorsPercentByDefault)
	if err != nil {
		return Effect{}, err
	}
	return Effect{
		Parameter: strconv.FormatFloat(percent, 'f', -1, 64),
		PricingError: func() error {
			if rand.Float64()*100 >= percent {
				return nil
			}
			return errPricing
		},
	}, nil
}
