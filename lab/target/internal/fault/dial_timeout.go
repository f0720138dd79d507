package fault

import (
	"context"
	"fmt"
	"net"
	"time"
)

const (
	// Nobody has this address of the lab's pod network: a connection to it is neither accepted nor refused.
	dialTimeoutAddress = "10.244.0.250:443"
	dialTimeoutAfter   = 400 * time.Millisecond
)

// dialTimeout connects to a partner that does not answer, for each order anew.
type dialTimeout struct{}

func (dialTimeout) Name() string { return "dial-timeout" }

func (dialTimeout) About() string {
	return "each order connects to an address where nobody answers, and gives up after 400ms; parameter: the address, default " + dialTimeoutAddress
}

func (dialTimeout) Prepare(parameter string, _ Process) (Effect, error) {
	address := parameter
	if address == "" {
		address = dialTimeoutAddress
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return Effect{}, fmt.Errorf("%q is no address such as %s", address, dialTimeoutAddress)
	}
	dialer := net.Dialer{Timeout: dialTimeoutAfter}
	return Effect{
		Parameter: address,
		Order: func(ctx context.Context) error {
			// the order goes on without the partner, as the shop's code would
			if connection, err := dialer.DialContext(ctx, "tcp", address); err == nil {
				return connection.Close()
			}
			return nil
		},
	}, nil
}
