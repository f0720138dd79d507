package fault

import (
	"context"
	"strconv"
	"sync/atomic"
)

const (
	// 500,000 small objects are 8 MB per order. With the live chain below, three pods on two cores spend over a third of their CPU on
	// collecting at 50 orders/s each, and ask for more than there is. With 150,000 a quick machine kept the limit.
	gcPressureByDefault = 500_000
	gcPressureMost      = 2_000_000
	// liveObjects is what each collection must mark.
	liveObjects = 1_000_000
)

type node struct {
	next  *node
	value int64
}

// gcPressure keeps a large live heap of small objects, and each order allocates many more and drops them.
type gcPressure struct{ live *atomic.Pointer[node] }

func (gcPressure) Name() string { return "gc-pressure" }

func (gcPressure) About() string {
	return "each order allocates many small objects beside a large live heap; parameter: objects, default 500000"
}

func (g gcPressure) Prepare(parameter string, _ Process) (Effect, error) {
	objects, err := parseCount(parameter, gcPressureByDefault, gcPressureMost)
	if err != nil {
		return Effect{}, err
	}
	return Effect{
		Parameter: strconv.Itoa(objects),
		Start: func() func() {
			g.live.Store(chain(liveObjects))
			return func() { g.live.Store(nil) }
		},
		Order: func(context.Context) error {
			if chain(objects) == nil {
				panic("a chain has at least one node")
			}
			return nil
		},
	}, nil
}

//go:noinline
func chain(length int) *node {
	var head *node
	for n := range length {
		head = &node{next: head, value: int64(n)}
	}
	return head
}
