package fault

import "time"

const (
	slowPricingByDefault = 400 * time.Millisecond
	slowPricingMost      = 2 * time.Second
)

// slowPricing has the pricing service answer this shop late.
type slowPricing struct{}

func (slowPricing) Name() string { return "slow-pricing" }

func (slowPricing) About() string {
	return "the pricing service answers late; parameter: by how much, default 400ms"
}

func (slowPricing) Prepare(parameter string, _ Process) (Effect, error) {
	stall, err := parseDuration(parameter, slowPricingByDefault, slowPricingMost)
	if err != nil {
		return Effect{}, err
	}
	return Effect{Parameter: stall.String(), Pricing: stall}, nil
}
