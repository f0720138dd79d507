package fault

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// Board holds the armed faults of a process. Requests read it without a lock; arming replaces the whole set at once.
type Board struct {
	process Process
	// arming orders changes of the armed set and of the operations.
	arming     sync.Mutex
	operations operations
	armed      atomic.Pointer[[]armedFault]
}

type armedFault struct {
	name   string
	effect Effect
	stop   func()
	// operation is the id of the operation that armed it; empty for the environment variable and for a replaced set.
	operation string
}

// NewBoard answers a board with nothing armed.
func NewBoard(process Process) *Board {
	b := &Board{process: process, operations: newOperations()}
	b.armed.Store(&[]armedFault{})
	return b
}

// ParseSetting reads the FAULT environment variable: "name", "name:parameter", several parted by commas, or nothing.
func ParseSetting(setting string) (map[string]string, error) {
	wanted := map[string]string{}
	for part := range strings.SplitSeq(setting, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, parameter, _ := strings.Cut(part, ":")
		if _, twice := wanted[name]; twice {
			return nil, fmt.Errorf("FAULT names %q twice", name)
		}
		wanted[name] = parameter
	}
	return wanted, nil
}

// Replace makes wanted (name to parameter, "" for the default) the whole set of armed faults: others are disarmed, those armed
// already with the same parameter go on undisturbed, and no longer end with the operation that armed them. If any is refused nothing
// changes and every refusal is told.
func (b *Board) Replace(wanted map[string]string) error {
	b.arming.Lock()
	defer b.arming.Unlock()

	prepared, err := b.prepareAll(wanted)
	if err != nil {
		return err
	}

	before := *b.armed.Load()
	for i, next := range prepared {
		if at := slices.IndexFunc(before, next.same); at >= 0 {
			prepared[i] = before[at]
			prepared[i].operation = ""
		} else if next.effect.Start != nil {
			prepared[i].stop = next.effect.Start()
		}
	}
	b.armed.Store(&prepared)
	for _, old := range before {
		if old.stop != nil && !slices.ContainsFunc(prepared, old.same) {
			old.stop()
		}
	}
	b.forgetEnded()
	return nil
}

func (b *Board) prepare(name, parameter string) (Effect, error) {
	f, err := find(name)
	if err != nil {
		return Effect{}, err
	}
	effect, err := f.Prepare(parameter, b.process)
	if err != nil {
		return Effect{}, fmt.Errorf("fault %s: %w", name, err)
	}
	return effect, nil
}

func (a armedFault) same(other armedFault) bool {
	return a.name == other.name && a.effect.Parameter == other.effect.Parameter
}

// Armed answers the armed faults and the parameter in force of each; empty when the shop is whole.
func (b *Board) Armed() map[string]string {
	armed := map[string]string{}
	for _, a := range *b.armed.Load() {
		armed[a.name] = a.effect.Parameter
	}
	return armed
}

// Health answers how /healthz must fail, or nil. It waits as long as an armed fault lets the probe hang.
func (b *Board) Health(ctx context.Context) *HealthFailure {
	for _, a := range *b.armed.Load() {
		if a.effect.Health == nil {
			continue
		}
		if failure := a.effect.Health(ctx); failure != nil {
			return failure
		}
	}
	return nil
}

// Request answers the error with which this request must fail, or nil. It waits as long as an armed fault lets the request hang.
func (b *Board) Request(r *http.Request) error {
	for _, a := range *b.armed.Load() {
		if a.effect.Request == nil {
			continue
		}
		if err := a.effect.Request(r); err != nil {
			return err
		}
	}
	return nil
}

// OrderPipeline lets armed faults queue commands into an order's pipeline.
func (b *Board) OrderPipeline(pipe redis.Pipeliner, r *http.Request) {
	for _, a := range *b.armed.Load() {
		if a.effect.OrderPipeline != nil {
			a.effect.OrderPipeline(pipe, r)
		}
	}
}

// Order lets armed faults do their work for an order.
func (b *Board) Order(ctx context.Context) error {
	for _, a := range *b.armed.Load() {
		if a.effect.Order == nil {
			continue
		}
		if err := a.effect.Order(ctx); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return nil
}

// PricingStall answers by how much the pricing service is to answer late; 0 when it is whole.
func (b *Board) PricingStall() time.Duration {
	var longest time.Duration
	for _, a := range *b.armed.Load() {
		longest = max(longest, a.effect.Pricing)
	}
	return longest
}

// PricingError answers the error with which asking for a price must fail, or nil.
func (b *Board) PricingError() error {
	for _, a := range *b.armed.Load() {
		if a.effect.PricingError == nil {
			continue
		}
		if err := a.effect.PricingError(); err != nil {
			return err
		}
	}
	return nil
}
