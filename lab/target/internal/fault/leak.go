package fault

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// The three leaks: each order leaves one goroutine behind that can never end. Latency does not show it; the runtime does.
type (
	leakChannel   struct{}
	leakContext   struct{}
	leakWaitGroup struct{}
)

func (leakChannel) Name() string   { return "leak-channel" }
func (leakContext) Name() string   { return "leak-context" }
func (leakWaitGroup) Name() string { return "leak-waitgroup" }

func (leakChannel) About() string {
	return "each order leaves a goroutine sending to a channel that nobody reads; no parameter"
}

func (leakContext) About() string {
	return "each order leaves a goroutine watching a context that nobody cancels; no parameter"
}

func (leakWaitGroup) About() string {
	return "each order leaves a goroutine waiting for a WaitGroup of which one Done is missing; no parameter"
}

func (leakChannel) Prepare(parameter string, _ Process) (Effect, error) {
	return leak(parameter, func(context.Context) { notify() })
}

func (leakContext) Prepare(parameter string, _ Process) (Effect, error) {
	return leak(parameter, watch)
}

func (leakWaitGroup) Prepare(parameter string, _ Process) (Effect, error) {
	return leak(parameter, func(context.Context) { fanOut() })
}

func leak(parameter string, leave func(context.Context)) (Effect, error) {
	if parameter != "" {
		return Effect{}, fmt.Errorf("takes no parameter, not %q", parameter)
	}
	return Effect{Order: func(ctx context.Context) error {
		leave(ctx)
		return nil
	}}, nil
}

// notify tells of an order over a channel without room, and its reader gives up first.
func notify() {
	told := make(chan bool)
	go func() { told <- deliver() }()
	select {
	case <-told:
	case <-time.After(time.Microsecond):
	}
}

func deliver() bool {
	time.Sleep(time.Millisecond)
	return true
}

// watch follows an order with a context of its own, whose cancel function is lost.
func watch(ctx context.Context) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	lost := []context.CancelFunc{cancel} // nobody calls it: that is the fault
	_ = lost
	changes := make(chan struct{})
	go func() {
		for {
			select {
			case <-own.Done():
				return
			case <-changes:
			}
		}
	}()
}

// fanOut waits for two workers of which one returns early, without Done.
func fanOut() {
	var workers sync.WaitGroup
	workers.Add(2)
	for n := range 2 {
		go func() {
			if n == 1 {
				return
			}
			workers.Done()
		}()
	}
	go func() { workers.Wait() }()
}
