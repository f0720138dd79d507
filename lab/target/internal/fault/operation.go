package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

const (
	// MaxTTL is longer than any drill.
	MaxTTL = 24 * time.Hour
	// MaxWhoBytes and MaxOperationBytes bound what a caller can put into the log and into memory.
	MaxWhoBytes       = 128
	MaxOperationBytes = 256
	// maxOperations is how many operation ids are remembered: hours of a drill that arms a fault every few seconds.
	maxOperations = 4096
)

// Operation is a set of faults that somebody arms beside those that are armed, and that ends by itself.
type Operation struct {
	// ID makes it idempotent: a second request with the same id changes nothing, also after the operation has ended.
	ID string
	// Who is recorded and not verified.
	Who string
	// Faults has the parameter of each fault by name; empty for its default.
	Faults map[string]string
	// TTL ends it.
	TTL time.Duration
}

// RefusalKind is the reason of a refusal, for programs.
type RefusalKind string

// Kinds of refusals.
const (
	Invalid         RefusalKind = "invalid"
	Armed           RefusalKind = "armed"
	OperationReused RefusalKind = "operation-reused"
	OperationEnded  RefusalKind = "operation-ended"
)

// Refusal is the error of an operation that changed nothing.
type Refusal struct {
	Kind    RefusalKind
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// running is an operation whose faults are armed.
type running struct {
	Operation
	until time.Time
	timer *time.Timer
}

// operations remembers the last operations, oldest first in order. One without faults ended before it began.
type operations struct {
	known map[string]Operation
	order []string
	on    map[string]*running
}

func newOperations() operations {
	return operations{known: map[string]Operation{}, on: map[string]*running{}}
}

func (o *operations) remember(operation Operation) {
	if len(o.order) == maxOperations {
		delete(o.known, o.order[0])
		o.order = o.order[1:]
	}
	o.known[operation.ID] = operation
	o.order = append(o.order, operation.ID)
}

// Arm arms the faults of an operation and returns whether it had been armed before. A fault that is armed already is refused, because the
// operation could not disarm it without ending somebody else's. expired is called when the TTL ended the operation; it may be nil.
func (b *Board) Arm(operation Operation, expired func()) (repeated bool, err error) {
	b.arming.Lock()
	defer b.arming.Unlock()
	if refusal := operation.invalid(); refusal != nil {
		return false, refusal
	}
	if first, known := b.operations.known[operation.ID]; known {
		return true, repeatedRefusal(operation, first)
	}
	prepared, err := b.prepareAll(operation.Faults)
	if err != nil {
		return false, &Refusal{Kind: Invalid, Message: err.Error()}
	}
	before := *b.armed.Load()
	for at := range prepared {
		if old := slices.IndexFunc(before, prepared[at].sameName); old >= 0 {
			return false, &Refusal{Kind: Armed, Message: fmt.Sprintf("fault %s is armed already%s; disarm it first", before[old].name, before[old].by())}
		}
	}
	b.begin(operation, prepared, expired)
	return false, nil
}

// begin arms prepared faults under the lock.
func (b *Board) begin(operation Operation, prepared []armedFault, expired func()) {
	for at := range prepared {
		prepared[at].operation = operation.ID
		if start := prepared[at].effect.Start; start != nil {
			prepared[at].stop = start()
		}
	}
	after := slices.Concat(*b.armed.Load(), prepared)
	b.armed.Store(&after)
	b.operations.remember(operation)
	started := &running{Operation: operation, until: time.Now().Add(operation.TTL).UTC()}
	started.timer = time.AfterFunc(operation.TTL, func() {
		if b.end(operation.ID, started) && expired != nil {
			expired()
		}
	})
	b.operations.on[operation.ID] = started
}

// Disarm disarms the faults of an operation and no others, and returns whether any were armed. The id is remembered: a request to arm it
// that arrives late is refused.
func (b *Board) Disarm(id string) (bool, error) {
	if id == "" || len(id) > MaxOperationBytes || !printable(id) {
		return false, &Refusal{Kind: Invalid, Message: fmt.Sprintf("`operation` must be 1 to %d bytes of printable text", MaxOperationBytes)}
	}
	return b.end(id, nil), nil
}

// end ends the operation, unless expected is not nil and another one runs under its id. It returns whether faults were disarmed.
func (b *Board) end(id string, expected *running) bool {
	b.arming.Lock()
	defer b.arming.Unlock()
	current := b.operations.on[id]
	if expected != nil && current != expected {
		return false
	}
	if _, known := b.operations.known[id]; !known {
		b.operations.remember(Operation{ID: id})
	}
	if current == nil {
		return false
	}
	b.keep(func(a armedFault) bool { return a.operation != id })
	return true
}

// keep disarms all other faults, under the lock.
func (b *Board) keep(stays func(armedFault) bool) {
	before := *b.armed.Load()
	after := slices.DeleteFunc(slices.Clone(before), func(a armedFault) bool { return !stays(a) })
	b.armed.Store(&after)
	for _, old := range before {
		if old.stop != nil && !stays(old) {
			old.stop()
		}
	}
	b.forgetEnded()
}

// forgetEnded stops the timers of operations none of whose faults is armed, under the lock.
func (b *Board) forgetEnded() {
	armed := *b.armed.Load()
	maps.DeleteFunc(b.operations.on, func(id string, operation *running) bool {
		ended := !slices.ContainsFunc(armed, func(a armedFault) bool { return a.operation == id })
		if ended {
			operation.timer.Stop()
		}
		return ended
	})
}

// OperationState is an operation whose faults are armed.
type OperationState struct {
	ID  string `json:"operation"`
	Who string `json:"who"`
	// Faults are those still armed, with the parameter in force.
	Faults map[string]string `json:"faults"`
	Until  time.Time         `json:"until"`
}

// Operations lists the operations in force, sorted by id.
func (b *Board) Operations() []OperationState {
	b.arming.Lock()
	defer b.arming.Unlock()
	states := []OperationState{}
	for _, id := range slices.Sorted(maps.Keys(b.operations.on)) {
		operation := b.operations.on[id]
		state := OperationState{ID: id, Who: operation.Who, Faults: map[string]string{}, Until: operation.until}
		for _, a := range *b.armed.Load() {
			if a.operation == id {
				state.Faults[a.name] = a.effect.Parameter
			}
		}
		states = append(states, state)
	}
	return states
}

func (o Operation) invalid() *Refusal {
	refuse := func(format string, values ...any) *Refusal {
		return &Refusal{Kind: Invalid, Message: fmt.Sprintf(format, values...)}
	}
	switch {
	case o.ID == "" || len(o.ID) > MaxOperationBytes || !printable(o.ID):
		return refuse("`operation` must be 1 to %d bytes of printable text", MaxOperationBytes)
	case o.Who == "" || len(o.Who) > MaxWhoBytes || !printable(o.Who):
		return refuse("`who` must be 1 to %d bytes of printable text", MaxWhoBytes)
	case o.TTL <= 0 || o.TTL > MaxTTL:
		return refuse("`ttl` is %s; it must be more than 0 and at most %s", o.TTL, MaxTTL)
	case len(o.Faults) == 0:
		return refuse("`faults` names no fault")
	}
	return nil
}

// repeatedRefusal is nil when the operation repeats the first one that had its id.
func repeatedRefusal(operation, first Operation) error {
	switch {
	case len(first.Faults) == 0:
		return &Refusal{Kind: OperationEnded, Message: fmt.Sprintf("operation %q has ended before it began; use a new id", operation.ID)}
	case first.TTL != operation.TTL || !maps.Equal(first.Faults, operation.Faults):
		return &Refusal{Kind: OperationReused, Message: fmt.Sprintf("operation %q had other faults or another ttl; use a new id", operation.ID)}
	}
	return nil
}

func (a armedFault) sameName(other armedFault) bool { return a.name == other.name }

func (a armedFault) by() string {
	if a.operation == "" {
		return ""
	}
	return " by operation " + a.operation
}

func (b *Board) prepareAll(wanted map[string]string) ([]armedFault, error) {
	var prepared []armedFault
	var refusals []error
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		effect, err := b.prepare(name, wanted[name])
		if err != nil {
			refusals = append(refusals, err)
			continue
		}
		prepared = append(prepared, armedFault{name: name, effect: effect})
	}
	return prepared, errors.Join(refusals...)
}

func printable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) < 0
}
