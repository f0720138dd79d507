package switches

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

const (
	// MaxTTL is longer than any drill. A change that is to last longer needs no TTL.
	MaxTTL = 24 * time.Hour
	// MaxWhoBytes and MaxOperationBytes bound what a caller can put into the audit and into memory.
	MaxWhoBytes       = 128
	MaxOperationBytes = 256
	// maxOperations is how many operation ids are remembered: months of changes made by people, hours of a drill that changes one a second.
	maxOperations = 4096
)

// Request asks for a change of one switch.
type Request struct {
	Name string
	// Value is the new value; nil releases what was set at run time, so that flag, environment, file and default decide again.
	Value *bool
	// Who is recorded and not verified: authentication belongs in front of the admin port.
	Who string
	// Expected refuses the change unless the value in force is this one; nil changes it whatever it is.
	Expected *bool
	// ExpectedOperation refuses the change unless the change in force was made with this operation id: whoever takes a change back must not
	// take back another one that has the same value. Empty means that no change with an id is in force; nil changes it whatever it is.
	ExpectedOperation *string
	// TTL ends the change by itself; 0 lets it stand.
	TTL time.Duration
	// Operation makes the change idempotent: a second request with the same id changes nothing.
	Operation string
}

// RefusalKind says why a change was refused.
type RefusalKind string

// Kinds of refusals.
const (
	Unknown         RefusalKind = "unknown"
	Readonly        RefusalKind = "readonly"
	Mismatch        RefusalKind = "mismatch"
	OperationReused RefusalKind = "operation-reused"
	Invalid         RefusalKind = "invalid"
)

// Refusal is the error of a change that was not made.
type Refusal struct {
	Kind    RefusalKind
	Switch  string
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// Outcome is what a change led to.
type Outcome struct {
	State State `json:"switch"`
	// Repeated: the operation id had been applied before, and nothing was done now.
	Repeated bool `json:"repeated,omitempty"`
}

// Change makes the change, or returns a *Refusal. Each change and each refusal writes one audit line; a repeated operation writes none.
func (s *Set) Change(r Request) (Outcome, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	now := time.Now()
	before, _ := s.current.Load().State(r.Name)
	if refusal := s.refusal(r, before); refusal != nil {
		line := Line{Name: r.Name, Source: before.Source, Who: r.Who, Operation: r.Operation, Result: Refused, Reason: refusal.Message}
		if refusal.Kind != Unknown {
			line.Old, line.New = &before.Value, &before.Value
		}
		s.audit(line)
		return Outcome{}, refusal
	}
	if s.operations.done(r) {
		return Outcome{State: before, Repeated: true}, nil
	}
	s.operations.remember(r)
	if old := s.overrides[r.Name]; old != nil {
		old.stop()
		delete(s.overrides, r.Name)
	}
	if r.Value != nil {
		s.overrides[r.Name] = s.newOverride(r, now)
	}
	after := s.publishOne(r.Name)
	s.audit(Line{
		Name: r.Name, Old: &before.Value, New: &after.Value, Source: after.Source, Who: r.Who, Operation: r.Operation,
		Result: resultOf(before.Value, after.Value),
	})
	return Outcome{State: after}, nil
}

func (s *Set) refusal(r Request, state State) *Refusal {
	refuse := func(kind RefusalKind, format string, values ...any) *Refusal {
		return &Refusal{Kind: kind, Switch: r.Name, Message: fmt.Sprintf(format, values...)}
	}
	definition, known := s.definition(r.Name)
	switch {
	case r.Who == "" || len(r.Who) > MaxWhoBytes || !printable(r.Who):
		return refuse(Invalid, "`who` must be 1 to %d bytes of printable text", MaxWhoBytes)
	case len(r.Operation) > MaxOperationBytes || !printable(r.Operation):
		return refuse(Invalid, "`operation` must be at most %d bytes of printable text", MaxOperationBytes)
	case r.TTL < 0 || r.TTL > MaxTTL:
		return refuse(Invalid, "`ttl` is %s; it must be more than 0 and at most %s", r.TTL, MaxTTL)
	case r.TTL > 0 && r.Value == nil:
		return refuse(Invalid, "`ttl` needs a value: a released switch has nothing to end")
	case !known:
		return refuse(Unknown, "there is no switch %.64q; known are %s", r.Name, s.names())
	case definition.Readonly:
		return refuse(Readonly, "switch %q is readonly: only flag, environment or file set it, at process start", r.Name)
	case s.operations.reused(r):
		return refuse(OperationReused, "operation %q was a different change; use a new id", r.Operation)
	// A retry of a change that was made finds its own value, not the one it expected.
	case r.Expected != nil && *r.Expected != state.Value && !s.operations.done(r):
		return refuse(Mismatch, "switch %q is %t, not %t as expected; read it again", r.Name, state.Value, *r.Expected)
	case r.ExpectedOperation != nil && *r.ExpectedOperation != state.Operation && !s.operations.done(r):
		return refuse(Mismatch, "switch %q was set with operation %q, not %q as expected; read it again", r.Name, state.Operation, *r.ExpectedOperation)
	}
	return nil
}

func printable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) < 0
}

// override is a change in force.
type override struct {
	value          bool
	who, operation string
	until          *time.Time
	timer          *time.Timer
}

func (o *override) stop() {
	if o.timer != nil {
		o.timer.Stop()
	}
}

func (s *Set) newOverride(r Request, now time.Time) *override {
	o := &override{value: *r.Value, who: r.Who, operation: r.Operation}
	if r.TTL > 0 {
		until := now.Add(r.TTL).UTC()
		o.until = &until
		o.timer = time.AfterFunc(r.TTL, func() { s.expire(r.Name, o) })
	}
	return o
}

// expire ends an override whose TTL is over, unless another change replaced it first.
func (s *Set) expire(name string, o *override) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.overrides[name] != o {
		return
	}
	before, _ := s.current.Load().State(name)
	delete(s.overrides, name)
	after := s.publishOne(name)
	s.audit(Line{
		Name: name, Old: &before.Value, New: &after.Value, Source: after.Source, Who: "ttl of " + o.who, Operation: o.operation,
		Result: resultOf(before.Value, after.Value),
	})
}

// operations remembers the last ones, oldest first in order.
type operations struct {
	requests map[string]Request
	order    []string
}

func newOperations() operations { return operations{requests: map[string]Request{}} }

func (o *operations) done(r Request) bool {
	_, ok := o.requests[r.Operation]
	return ok
}

func (o *operations) reused(r Request) bool {
	first, ok := o.requests[r.Operation]
	return ok && (first.Name != r.Name || first.TTL != r.TTL || !equal(first.Value, r.Value) || !equal(first.Expected, r.Expected) ||
		!equal(first.ExpectedOperation, r.ExpectedOperation))
}

func (o *operations) remember(r Request) {
	if r.Operation == "" {
		return
	}
	if len(o.order) == maxOperations {
		delete(o.requests, o.order[0])
		o.order = o.order[1:]
	}
	o.requests[r.Operation] = r
	o.order = append(o.order, r.Operation)
}

func equal[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}
