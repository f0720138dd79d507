// Package switches holds the emergency switches of a service: booleans that people, a drill or a configuration file turn while the
// process runs. It needs the standard library and a YAML reader, so that the folder can be copied into another service.
//
//	set, err := switches.Open(switches.Options{Definitions: definitions, File: "/etc/shop/switches.yaml", Audit: os.Stdout})
//	go set.Watch(ctx, switches.PollInterval)
//	payment := set.Switch("payment") // once, at the start
//	if !payment.On() { ... }         // in each request: one atomic load
//
// The value of a switch comes from the first of these layers that sets it: api, flag, environment, file, default. The api layer is what
// somebody set at run time; it lasts until it is released, until its TTL ends, or until the process ends.
package switches

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Source is the layer a value comes from.
type Source string

// The layers, the strongest first.
const (
	FromAPI         Source = "api"
	FromFlag        Source = "flag"
	FromEnvironment Source = "env"
	FromFile        Source = "file"
	FromDefault     Source = "default"
)

// Definition describes one switch of a service.
type Definition struct {
	Name string
	// About says in one sentence what the switch does when it is on.
	About string
	// Env is the environment variable that sets it; empty means that there is none.
	Env     string
	Default bool
	// Readonly switches keep the value they have at process start.
	Readonly bool
}

// Options configure a Set. Definitions are required.
type Options struct {
	Definitions []Definition
	// Flags and Environment are read once, with Values.Set and ReadEnvironment.
	Flags, Environment map[string]bool
	// File is the path of the YAML file; empty means that there is none.
	File string
	// Audit gets one line of JSON for each change and each refusal; nil discards them.
	Audit io.Writer
	// OnError reports a file that cannot be read or an audit line that was not written; nil discards them. It is called with the
	// lock of the Set held and must not call its methods.
	OnError func(error)
}

// State is one switch at one time.
type State struct {
	Name     string `json:"name"`
	About    string `json:"about"`
	Value    bool   `json:"value"`
	Source   Source `json:"source"`
	Readonly bool   `json:"readonly"`
	// Since is when the value or its source changed last.
	Since time.Time `json:"since"`
	// Who, Operation and Until are those of the change in force; empty unless the source is api.
	Who       string     `json:"who,omitempty"`
	Operation string     `json:"operation,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
}

// Snapshot is the state of all switches at one time. It is never changed.
type Snapshot struct {
	states []State
	index  map[string]int
}

// States lists all switches in the order of their definitions.
func (s *Snapshot) States() []State { return slices.Clone(s.states) }

// State returns one switch, and whether it exists.
func (s *Snapshot) State(name string) (State, bool) {
	at, ok := s.index[name]
	if !ok {
		return State{}, false
	}
	return s.states[at], true
}

// Set is the switches of a process. All methods may be called concurrently; reads take no lock.
type Set struct {
	options Options
	current atomic.Pointer[Snapshot]

	// changing orders changes, audit lines and broadcasts.
	changing    sync.Mutex
	file        fileState
	overrides   map[string]*override
	operations  operations
	subscribers map[chan *Snapshot]struct{}
}

// Open reads the file, if there is one, and returns the switches. A file that cannot be read is an error here: a new process has no
// last good values, and must not serve with values that nobody chose.
func Open(options Options) (*Set, error) {
	s := &Set{
		options: options, overrides: map[string]*override{}, operations: newOperations(), subscribers: map[chan *Snapshot]struct{}{},
	}
	if err := s.checkNames(); err != nil {
		return nil, err
	}
	if options.File != "" {
		if err := s.file.load(options.File); err != nil {
			return nil, err
		}
	}
	s.current.Store(s.compose(time.Now()))
	s.changing.Lock()
	defer s.changing.Unlock()
	s.reportUnknown()
	return s, nil
}

func (s *Set) checkNames() error {
	index := map[string]bool{}
	var problems []error
	for _, d := range s.options.Definitions {
		if d.Name == "" || index[d.Name] {
			problems = append(problems, fmt.Errorf("switch %q is defined twice or has no name", d.Name))
		}
		index[d.Name] = true
	}
	for layer, values := range map[Source]map[string]bool{FromFlag: s.options.Flags, FromEnvironment: s.options.Environment} {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if !index[name] {
				problems = append(problems, fmt.Errorf("%s sets the unknown switch %q; known are %s", layer, name, s.names()))
			}
		}
	}
	return errors.Join(problems...)
}

// Snapshot returns the state of all switches, without a lock.
func (s *Set) Snapshot() *Snapshot { return s.current.Load() }

// Switch returns the handle of one switch. It panics for a name without definition: that is a mistake of the program.
func (s *Set) Switch(name string) Switch {
	at, ok := s.current.Load().index[name]
	if !ok {
		panic(fmt.Sprintf("switches: %q is not defined", name))
	}
	return Switch{set: s, at: at}
}

// Switch reads one switch of a Set.
type Switch struct {
	set *Set
	at  int
}

// On returns the value in force: one atomic load and one index.
func (w Switch) On() bool { return w.set.current.Load().states[w.at].Value }

// Close ends all TTLs. The values in force stay.
func (s *Set) Close() {
	s.changing.Lock()
	defer s.changing.Unlock()
	for _, o := range s.overrides {
		o.stop()
	}
}

// compose builds the snapshot of all layers. Switches that did not change keep their Since.
func (s *Set) compose(now time.Time) *Snapshot {
	before := s.current.Load()
	next := &Snapshot{states: make([]State, len(s.options.Definitions)), index: map[string]int{}}
	for at, d := range s.options.Definitions {
		state := State{Name: d.Name, About: d.About, Readonly: d.Readonly, Since: now}
		state.Value, state.Source = s.winner(d)
		if d.Readonly && before != nil {
			state.Value, state.Source = before.states[at].Value, before.states[at].Source
		}
		if o := s.overrides[d.Name]; o != nil {
			state.Who, state.Operation, state.Until = o.who, o.operation, o.until
		}
		if before != nil && before.states[at].Value == state.Value && before.states[at].Source == state.Source {
			state.Since = before.states[at].Since
		}
		next.states[at], next.index[d.Name] = state, at
	}
	return next
}

func (s *Set) winner(d Definition) (bool, Source) {
	if o := s.overrides[d.Name]; o != nil {
		return o.value, FromAPI
	}
	for _, layer := range []struct {
		source Source
		values map[string]bool
	}{{FromFlag, s.options.Flags}, {FromEnvironment, s.options.Environment}, {FromFile, s.file.values}} {
		if value, ok := layer.values[d.Name]; ok {
			return value, layer.source
		}
	}
	return d.Default, FromDefault
}

func (s *Set) definition(name string) (Definition, bool) {
	at := slices.IndexFunc(s.options.Definitions, func(d Definition) bool { return d.Name == name })
	if at < 0 {
		return Definition{}, false
	}
	return s.options.Definitions[at], true
}

func (s *Set) report(err error) {
	if err != nil && s.options.OnError != nil {
		s.options.OnError(err)
	}
}
