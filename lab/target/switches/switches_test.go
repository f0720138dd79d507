package switches

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var definitions = []Definition{
	{Name: "payment", About: "payments are charged", Env: "FEATURE_PAYMENT_ENABLED", Default: true},
	{Name: "shed-load", About: "profiles are refused", Env: "FEATURE_SHED_LOAD_ENABLED"},
	{Name: "breakers", About: "circuit breakers are in force", Env: "FEATURE_BREAKERS_ENABLED", Default: true, Readonly: true},
}

// auditLog is a writer that a test reads lines from.
type auditLog struct {
	guard sync.Mutex
	text  strings.Builder
}

func (a *auditLog) Write(line []byte) (int, error) {
	a.guard.Lock()
	defer a.guard.Unlock()
	return a.text.Write(line)
}

func (a *auditLog) lines(t *testing.T) []Line {
	t.Helper()
	a.guard.Lock()
	defer a.guard.Unlock()
	var lines []Line
	for text := range strings.Lines(a.text.String()) {
		var line Line
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

func (a *auditLog) last(t *testing.T) Line {
	t.Helper()
	lines := a.lines(t)
	if len(lines) == 0 {
		t.Fatal("nothing was audited")
	}
	return lines[len(lines)-1]
}

func open(t *testing.T, options Options) (*Set, *auditLog) {
	t.Helper()
	audit := &auditLog{}
	options.Definitions, options.Audit = definitions, audit
	set, err := Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	return set, audit
}

func state(t *testing.T, set *Set, name string) State {
	t.Helper()
	found, ok := set.Snapshot().State(name)
	if !ok {
		t.Fatalf("there is no switch %q", name)
	}
	return found
}

func to(value bool) *bool { return &value }

func change(t *testing.T, set *Set, r Request) Outcome {
	t.Helper()
	if r.Who == "" {
		r.Who = "li.wei"
	}
	outcome, err := set.Change(r)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func refused(t *testing.T, set *Set, r Request, kind RefusalKind) {
	t.Helper()
	var refusal *Refusal
	if _, err := set.Change(r); !errors.As(err, &refusal) || refusal.Kind != kind || refusal.Message == "" {
		t.Errorf("%+v: %v, want a refusal of kind %s", r, err, kind)
	}
}

func TestTheStrongestLayerWinsAndIsVisible(t *testing.T) {
	off, on := map[string]bool{"payment": false}, map[string]bool{"payment": true}
	file := writeFile(t, "switches: {payment: false}")
	for _, layers := range []struct {
		options Options
		value   bool
		source  Source
	}{
		{Options{}, true, FromDefault},
		{Options{File: file}, false, FromFile},
		{Options{File: file, Environment: on}, true, FromEnvironment},
		{Options{File: file, Environment: on, Flags: off}, false, FromFlag},
	} {
		set, _ := open(t, layers.options)
		if got := state(t, set, "payment"); got.Value != layers.value || got.Source != layers.source || set.Switch("payment").On() != layers.value {
			t.Errorf("%+v, want %t from %s", got, layers.value, layers.source)
		}
		change(t, set, Request{Name: "payment", Value: to(!layers.value)})
		if got := state(t, set, "payment"); got.Value == layers.value || got.Source != FromAPI || got.Who != "li.wei" {
			t.Errorf("set at run time: %+v", got)
		}
		change(t, set, Request{Name: "payment"})
		if got := state(t, set, "payment"); got.Value != layers.value || got.Source != layers.source || got.Who != "" {
			t.Errorf("released: %+v, want %t from %s again", got, layers.value, layers.source)
		}
	}
}

func TestFlagAndEnvironmentAreReadAndTheirMistakesNamed(t *testing.T) {
	flags := Values{}
	for _, text := range []string{"payment=true", "payment=false", "shed-load=1"} {
		if err := flags.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if flags["payment"] || !flags["shed-load"] {
		t.Errorf("%v", flags)
	}
	for _, text := range []string{"payment", "=true", "payment=", "payment=maybe", ""} {
		if flags.Set(text) == nil {
			t.Errorf("the flag %q is accepted", text)
		}
	}
	variables := map[string]string{"FEATURE_PAYMENT_ENABLED": "false", "FEATURE_SHED_LOAD_ENABLED": ""}
	lookup := func(name string) (string, bool) { value, ok := variables[name]; return value, ok }
	values, err := ReadEnvironment(definitions, lookup)
	if _, empty := values["shed-load"]; err != nil || values["payment"] || len(values) != 1 || empty {
		t.Errorf("%v, %v", values, err)
	}
	variables["FEATURE_PAYMENT_ENABLED"], variables["FEATURE_SHED_LOAD_ENABLED"] = "maybe", "2"
	if _, err := ReadEnvironment(definitions, lookup); err == nil || !strings.Contains(err.Error(), "PAYMENT") || !strings.Contains(err.Error(), "SHED_LOAD") {
		t.Errorf("two wrong variables: %v", err)
	}
	if _, err := Open(Options{Definitions: definitions, Flags: map[string]bool{"paymnt": true}}); err == nil || !strings.Contains(err.Error(), "known are payment") {
		t.Errorf("a flag of an unknown switch: %v", err)
	}
}

func TestAReadonlySwitchKeepsTheValueOfTheProcessStart(t *testing.T) {
	set, audit := open(t, Options{Environment: map[string]bool{"breakers": false}})
	refused(t, set, Request{Name: "breakers", Value: to(true), Who: "li.wei"}, Readonly)
	if set.Switch("breakers").On() {
		t.Error("it was changed")
	}
	line := audit.last(t)
	if line.Result != Refused || *line.Old || *line.New || line.Who != "li.wei" || !strings.Contains(line.Reason, "readonly") || line.Source != FromEnvironment {
		t.Errorf("%+v", line)
	}
}

func TestAChangeExpectsTheValueInForceOrIsRefused(t *testing.T) {
	set, audit := open(t, Options{})
	refused(t, set, Request{Name: "payment", Value: to(false), Expected: to(false), Who: "li.wei"}, Mismatch)
	if !set.Switch("payment").On() || audit.last(t).Result != Refused {
		t.Error("a mismatch changed the switch or was not audited")
	}
	change(t, set, Request{Name: "payment", Value: to(false), Expected: to(true)})
	if set.Switch("payment").On() {
		t.Error("not changed")
	}
}

func TestAnOperationIsAppliedOnceHoweverOftenItIsAsked(t *testing.T) {
	set, audit := open(t, Options{})
	off := Request{Name: "payment", Value: to(false), Expected: to(true), Operation: "drill-1/payment"}
	change(t, set, off)
	change(t, set, Request{Name: "payment", Value: to(true)})
	if outcome := change(t, set, off); !outcome.Repeated || !outcome.State.Value {
		t.Errorf("asked again: %+v, want the switch left as somebody else set it", outcome)
	}
	if lines := audit.lines(t); len(lines) != 2 {
		t.Errorf("%d audit lines for two changes", len(lines))
	}
	different := off
	different.Value = to(true)
	refused(t, set, Request{Name: different.Name, Value: different.Value, Expected: off.Expected, Operation: off.Operation, Who: "li.wei"}, OperationReused)
	// A refused operation was not applied and may be tried again.
	retried := Request{Name: "payment", Value: to(false), Expected: to(false), Operation: "drill-2", Who: "li.wei"}
	refused(t, set, retried, Mismatch)
	change(t, set, Request{Name: "payment", Value: to(false)})
	if change(t, set, retried).Repeated {
		t.Error("a refused operation counts as applied")
	}
}

func TestOnlyTheLastOperationsAreRemembered(t *testing.T) {
	set, _ := open(t, Options{})
	name := func(n int) string { return strings.Repeat("o", n%200) + string(rune('a'+n/200)) }
	for n := range maxOperations + 1 {
		change(t, set, Request{Name: "payment", Value: to(n%2 == 0), Operation: name(n)})
	}
	if change(t, set, Request{Name: "payment", Value: to(true), Operation: name(0)}).Repeated {
		t.Error("the oldest operation is still remembered")
	}
	if !change(t, set, Request{Name: "payment", Value: to(false), Operation: name(maxOperations - 1)}).Repeated {
		t.Error("one of the last operations is forgotten")
	}
	if len(set.operations.requests) != maxOperations || len(set.operations.order) != maxOperations {
		t.Errorf("%d remembered", len(set.operations.requests))
	}
}

func TestAChangeWithATTLGoesBackByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, audit := open(t, Options{Environment: map[string]bool{"payment": true}})
		change(t, set, Request{Name: "payment", Value: to(false), TTL: time.Minute, Operation: "drill-1"})
		if got := state(t, set, "payment"); got.Until == nil || time.Until(*got.Until) != time.Minute {
			t.Errorf("%+v", got)
		}
		time.Sleep(time.Minute - time.Nanosecond)
		synctest.Wait()
		if set.Switch("payment").On() {
			t.Fatal("it ended too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if got := state(t, set, "payment"); !got.Value || got.Source != FromEnvironment || got.Until != nil {
			t.Errorf("after its time: %+v", got)
		}
		if line := audit.last(t); line.Who != "ttl of li.wei" || line.Operation != "drill-1" || line.Result != Changed || !*line.New {
			t.Errorf("%+v", line)
		}
		if outcome := change(t, set, Request{Name: "payment", Value: to(false), TTL: time.Minute, Operation: "drill-1"}); !outcome.Repeated || !outcome.State.Value {
			t.Errorf("a late retry did it again: %+v", outcome)
		}
	})
}

func TestALaterChangeOutlivesTheTTLOfAnEarlierOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, _ := open(t, Options{})
		change(t, set, Request{Name: "payment", Value: to(false), TTL: time.Minute})
		change(t, set, Request{Name: "payment", Value: to(false)})
		time.Sleep(time.Hour)
		synctest.Wait()
		if set.Switch("payment").On() {
			t.Error("the first TTL ended the second change")
		}
	})
}

func TestATTLThatEndsWhileASecondChangeIsMadeDoesNotEndThatOne(t *testing.T) {
	set, _ := open(t, Options{})
	change(t, set, Request{Name: "payment", Value: to(false), TTL: time.Minute})
	first := set.overrides["payment"]
	change(t, set, Request{Name: "payment", Value: to(false)})
	set.expire("payment", first) // its timer had fired and waited for the lock
	if set.Switch("payment").On() {
		t.Error("the first TTL ended the second change")
	}
}

func TestEveryChangeAndEveryRefusalIsOneAuditLine(t *testing.T) {
	set, audit := open(t, Options{})
	change(t, set, Request{Name: "payment", Value: to(false), Who: "a.osei", Operation: "op-1"})
	change(t, set, Request{Name: "payment", Value: to(false), Who: "a.osei"})
	refused(t, set, Request{Name: "paymnt", Value: to(false), Who: "a.osei"}, Unknown)
	refused(t, set, Request{Name: "payment", Value: to(false)}, Invalid)
	refused(t, set, Request{Name: "payment", Value: to(false), Who: "two\nlines"}, Invalid)
	refused(t, set, Request{Name: "payment", Value: to(false), Who: strings.Repeat("x", MaxWhoBytes+1)}, Invalid)
	refused(t, set, Request{Name: "payment", Value: to(false), Who: "a", Operation: strings.Repeat("x", MaxOperationBytes+1)}, Invalid)
	refused(t, set, Request{Name: "payment", Value: to(false), Who: "a", TTL: MaxTTL + 1}, Invalid)
	refused(t, set, Request{Name: "payment", Who: "a", TTL: time.Second}, Invalid)
	results := []Result{Changed, Unchanged, Refused, Refused, Refused, Refused, Refused, Refused, Refused}
	lines := audit.lines(t)
	if len(lines) != len(results) {
		t.Fatalf("%d lines, want %d", len(lines), len(results))
	}
	for n, line := range lines {
		if line.Result != results[n] || line.Audit != "switch" || line.Time.IsZero() || (line.Reason == "") != (line.Result != Refused) {
			t.Errorf("line %d: %+v, want %s", n, line, results[n])
		}
	}
	first := lines[0]
	if first.Name != "payment" || !*first.Old || *first.New || first.Who != "a.osei" || first.Source != FromAPI || first.Operation != "op-1" {
		t.Errorf("%+v", first)
	}
	if unknown := lines[2]; unknown.Old != nil || unknown.New != nil {
		t.Errorf("%+v", unknown)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAFullDiskIsReportedAndDoesNotKeepASwitchFromBeingTurned(t *testing.T) {
	var reported []error
	set, err := Open(Options{Definitions: definitions, Audit: fullDisk{}, OnError: func(err error) { reported = append(reported, err) }})
	if err != nil {
		t.Fatal(err)
	}
	change(t, set, Request{Name: "payment", Value: to(false)})
	if set.Switch("payment").On() || len(reported) != 1 || !strings.Contains(reported[0].Error(), "no space left") {
		t.Errorf("on: %t, reported %v", set.Switch("payment").On(), reported)
	}
}

func TestASlowSubscriberBlocksNobodyAndEndsWithTheLatestValue(t *testing.T) {
	set, _ := open(t, Options{})
	changes, end := set.Subscribe()
	other, endOther := set.Subscribe()
	for n := range 1_000 {
		change(t, set, Request{Name: "payment", Value: to(n%2 == 0)})
	}
	change(t, set, Request{Name: "shed-load", Value: to(true)})
	for _, channel := range []<-chan *Snapshot{changes, other} {
		latest := <-channel
		if shed, _ := latest.State("shed-load"); !shed.Value || latest != set.Snapshot() {
			t.Errorf("%+v is not the latest", shed)
		}
		if len(channel) != 0 {
			t.Error("there is more than the latest")
		}
	}
	end()
	endOther()
	change(t, set, Request{Name: "shed-load", Value: to(false)})
	if len(changes) != 0 {
		t.Error("a change after the end of the subscription was sent")
	}
}

func TestReadersWritersAndSubscribersMayRunAtOnce(t *testing.T) {
	set, audit := open(t, Options{})
	const writers, writes = 4, 200
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	handle := set.Switch("payment")
	for range 4 {
		changes, end := set.Subscribe()
		reading.Go(func() {
			defer end()
			var latest *Snapshot
			for {
				select {
				case latest = <-changes:
					_ = handle.On()
				case <-done:
					select {
					case latest = <-changes:
					default:
					}
					if latest != set.Snapshot() {
						t.Error("a subscriber did not end with the latest snapshot")
					}
					return
				}
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for n := range writes {
				if _, err := set.Change(Request{Name: "payment", Value: to(n%2 == 0), Who: "w", TTL: time.Hour}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	if lines := len(audit.lines(t)); lines != writers*writes {
		t.Errorf("%d audit lines, want %d", lines, writers*writes)
	}
}

func TestASwitchWithoutDefinitionIsAMistakeOfTheProgram(t *testing.T) {
	set, _ := open(t, Options{})
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	set.Switch("paymnt")
}
