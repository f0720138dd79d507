package breaker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
)

var (
	errRefused  = errors.New("connection refused")
	errNotFound = errors.New("not found")
	scenarios   = map[string]Scenario{"busy": Busy, "cached": Cached, "retried": Retried}
)

// bench is a breaker and a dependency that a test breaks.
type bench struct {
	*Breaker
	t        *testing.T
	registry *prometheus.Registry
	scenario Scenario
	calls    int
	guard    sync.Mutex
	fault    func(context.Context) error
}

func newBench(t *testing.T, scenario Scenario) *bench {
	registry := prometheus.NewRegistry()
	b := New(Options{
		Name: "payment", Scenario: scenario, OpenFor: OpenByDefault, Metrics: NewMetrics(registry), Log: zap.NewNop(),
		Answered: func(err error) bool { return errors.Is(err, errNotFound) },
	})
	return &bench{Breaker: b, t: t, registry: registry, scenario: scenario}
}

func (b *bench) breakWith(fault func(context.Context) error) {
	b.guard.Lock()
	defer b.guard.Unlock()
	b.fault = fault
}

func (b *bench) dependency(ctx context.Context) error {
	b.guard.Lock()
	b.calls++
	fault := b.fault
	b.guard.Unlock()
	if fault == nil {
		return nil
	}
	return fault(ctx)
}

func (b *bench) ask(ctx context.Context) error {
	_, err := Do(ctx, b.Breaker, func(ctx context.Context) (struct{}, error) { return struct{}{}, b.dependency(ctx) })
	return err
}

func (b *bench) askTimes(n uint32) {
	for range n {
		_ = b.ask(b.t.Context())
	}
}

// open breaks the dependency until the breaker is open.
func (b *bench) open() {
	b.t.Helper()
	b.breakWith(refuses)
	b.askTimes(b.scenario.Failures)
	b.transitioned(1, "closed", "open")
}

func (b *bench) transitioned(times float64, from, to string) {
	b.t.Helper()
	if got := testutil.ToFloat64(b.options.Metrics.transitions.WithLabelValues("payment", from, to)); got != times {
		b.t.Errorf("%v transitions from %s to %s, want %v", got, from, to, times)
	}
}

func (b *bench) counted(vec *prometheus.CounterVec, result string, times float64) {
	b.t.Helper()
	if got := testutil.ToFloat64(vec.WithLabelValues("payment", result)); got != times {
		b.t.Errorf("%v counted as %s, want %v", got, result, times)
	}
}

func refuses(context.Context) error { return errRefused }
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestTheScenariosHaveTheNumbersOfTheArticle(t *testing.T) {
	want := map[string]Scenario{
		"busy": {3, 800 * time.Millisecond, 3}, "cached": {5, 300 * time.Millisecond, 5}, "retried": {10, 2 * time.Second, 10},
	}
	for name, scenario := range scenarios {
		if scenario != want[name] {
			t.Errorf("%s: %+v", name, scenario)
		}
	}
	if OpenByDefault != time.Minute {
		t.Errorf("open for %s", OpenByDefault)
	}
}

func TestOpensAtTheThresholdAndClosesAfterItsProbes(t *testing.T) {
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, scenario)
				b.breakWith(refuses)
				b.askTimes(scenario.Failures - 1)
				b.transitioned(0, "closed", "open")
				b.askTimes(1)
				b.transitioned(1, "closed", "open")
				if err := b.ask(t.Context()); !errors.Is(err, ErrRejected) || b.calls != int(scenario.Failures) {
					t.Errorf("open: %v after %d calls", err, b.calls)
				}
				b.counted(b.options.Metrics.calls, resultRejected, 1)

				b.breakWith(nil)
				time.Sleep(OpenByDefault)
				if err := b.ask(t.Context()); !errors.Is(err, ErrRejected) {
					t.Errorf("after exactly %s: %v", OpenByDefault, err)
				}
				time.Sleep(time.Nanosecond)
				for n := range scenario.Probes {
					b.transitioned(0, "half-open", "closed")
					if err := b.ask(t.Context()); err != nil {
						t.Errorf("probe %d: %v", n+1, err)
					}
				}
				b.transitioned(1, "open", "half-open")
				b.transitioned(1, "half-open", "closed")
			})
		})
	}
}

func TestASuccessBeforeTheThresholdStartsTheCountAnew(t *testing.T) {
	b := newBench(t, Busy)
	for range 50 {
		b.breakWith(refuses)
		b.askTimes(Busy.Failures - 1)
		b.breakWith(nil)
		b.askTimes(1)
	}
	b.transitioned(0, "closed", "open")
	b.counted(b.options.Metrics.calls, resultFailed, 100)
	b.counted(b.options.Metrics.calls, resultOK, 50)
}

func TestACallThatHangsEndsAtItsDeadlineAndCountsAsAFailure(t *testing.T) {
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, scenario)
				b.breakWith(hangs)
				for range scenario.Failures {
					begin := time.Now()
					if err := b.ask(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != scenario.Deadline {
						t.Errorf("%v after %s, want its deadline after %s", err, time.Since(begin), scenario.Deadline)
					}
				}
				b.transitioned(1, "closed", "open")
				b.counted(b.options.Metrics.calls, resultTimeout, float64(scenario.Failures))
			})
		})
	}
}

func TestAHalfOpenBreakerLetsNoMoreThanItsProbesThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Busy)
		b.open()
		time.Sleep(OpenByDefault + 1)
		release := make(chan struct{})
		b.breakWith(func(context.Context) error { <-release; return nil })
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { _ = b.ask(t.Context()) })
		}
		synctest.Wait()
		if through := b.calls - int(Busy.Failures); through != int(Busy.Probes) {
			t.Errorf("%d calls reached the dependency, want %d", through, Busy.Probes)
		}
		close(release)
		all.Wait()
		b.transitioned(1, "half-open", "closed")
	})
}

func TestAHangingProbeDoesNotKeepTheBreakerHalfOpen(t *testing.T) {
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, scenario)
				b.open()
				ctx, stop := context.WithCancel(t.Context())
				var probing sync.WaitGroup
				probing.Go(func() { b.Probe(ctx, b.dependency) })
				b.breakWith(hangs)
				time.Sleep(OpenByDefault + scenario.Deadline/2)
				synctest.Wait()
				b.transitioned(1, "open", "half-open")
				b.transitioned(0, "half-open", "open")
				time.Sleep(scenario.Deadline)
				synctest.Wait()
				b.transitioned(1, "half-open", "open")

				b.breakWith(nil)
				time.Sleep(OpenByDefault + time.Second)
				synctest.Wait()
				b.transitioned(1, "half-open", "closed")
				if err := b.ask(t.Context()); err != nil {
					t.Errorf("the dependency is whole again: %v", err)
				}
				stop()
				probing.Wait()
			})
		})
	}
}

func TestTheProberClosesABreakerThatNobodyUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Retried)
		ctx, stop := context.WithCancel(t.Context())
		var probing sync.WaitGroup
		probing.Go(func() { b.Probe(ctx, b.dependency) })
		b.open()
		time.Sleep(3 * OpenByDefault)
		synctest.Wait()
		b.transitioned(0, "half-open", "closed")
		if probes := b.calls - int(Retried.Failures); probes < 2 || probes > 3 {
			t.Errorf("%d probes in three minutes of outage, want one a minute", probes)
		}
		b.breakWith(nil)
		time.Sleep(OpenByDefault + time.Second)
		synctest.Wait()
		b.transitioned(1, "half-open", "closed")
		b.counted(b.options.Metrics.probes, resultOK, float64(Retried.Probes))
		b.counted(b.options.Metrics.calls, resultOK, 0)
		b.counted(b.options.Metrics.probes, resultRejected, 0)
		before := b.calls
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.calls != before {
			t.Errorf("%d probes of a closed breaker", b.calls-before)
		}
		stop()
		probing.Wait()
	})
}

func TestCallersThatGiveUpDoNotOpenTheBreakerAndHandTheirProbeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Busy)
		giveUp := func() {
			ctx, cancel := context.WithTimeout(t.Context(), Busy.Deadline/2)
			defer cancel()
			if err := b.ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		}
		b.breakWith(hangs)
		for range 100 {
			giveUp()
		}
		b.transitioned(0, "closed", "open")
		b.counted(b.options.Metrics.calls, resultExcluded, 100)

		b.open()
		time.Sleep(OpenByDefault + 1)
		b.breakWith(hangs)
		for range Busy.Probes {
			giveUp()
		}
		b.breakWith(nil)
		b.askTimes(Busy.Probes)
		b.transitioned(1, "half-open", "closed")
	})
}

func TestAnAnswerOfAWorkingDependencyIsNoFailure(t *testing.T) {
	b := newBench(t, Busy)
	b.breakWith(func(context.Context) error { return errNotFound })
	for range 100 {
		if err := b.ask(t.Context()); !errors.Is(err, errNotFound) {
			t.Fatal(err)
		}
	}
	b.transitioned(0, "closed", "open")
	b.counted(b.options.Metrics.calls, resultOK, 100)
}

func TestAScrapeDoesNotMoveABreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Busy)
		b.open()
		for range 10 {
			time.Sleep(OpenByDefault)
			if _, err := b.registry.Gather(); err != nil {
				t.Fatal(err)
			}
		}
		b.transitioned(0, "open", "half-open")
	})
}

func TestAPanicOpensTheBreakerAndIsThrownOn(t *testing.T) {
	b := newBench(t, Busy)
	b.breakWith(func(context.Context) error { panic("on purpose") })
	for range Busy.Failures {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = b.ask(t.Context())
		}()
	}
	b.transitioned(1, "closed", "open")
}

func TestEverySeriesExistsBeforeTheFirstCall(t *testing.T) {
	b := newBench(t, Busy)
	want := `
# HELP breaker_transitions_total Changes of state, by breaker. Closed when those from closed equal those to closed.
# TYPE breaker_transitions_total counter
breaker_transitions_total{from="closed",name="payment",to="open"} 0
breaker_transitions_total{from="half-open",name="payment",to="closed"} 0
breaker_transitions_total{from="half-open",name="payment",to="open"} 0
breaker_transitions_total{from="open",name="payment",to="half-open"} 0
`
	if err := testutil.GatherAndCompare(b.registry, strings.NewReader(want), "breaker_transitions_total"); err != nil {
		t.Error(err)
	}
	b.CountFallback("busy")
	b.counted(b.options.Metrics.fallbacks, "busy", 1)
}

func TestManyCallersMayUseABreakerAtOnce(t *testing.T) {
	b := newBench(t, Busy)
	ctx, stop := context.WithCancel(t.Context())
	var probing, all sync.WaitGroup
	probing.Go(func() { b.Probe(ctx, b.dependency) })
	for n := range 50 {
		all.Go(func() {
			for m := range 200 {
				if (n+m)%7 == 0 {
					b.breakWith(refuses)
				} else {
					b.breakWith(nil)
				}
				_ = b.ask(ctx)
			}
		})
	}
	all.Wait()
	stop()
	probing.Wait()
	var total float64
	for _, result := range results {
		total += testutil.ToFloat64(b.options.Metrics.calls.WithLabelValues("payment", result))
	}
	if total != 50*200 {
		t.Errorf("%v calls counted, want 10,000", total)
	}
}
