package breaker

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
)

// Results of a call.
const (
	resultOK       = "ok"
	resultFailed   = "failed"
	resultTimeout  = "timeout"
	resultExcluded = "excluded"
	resultRejected = "rejected"
)

var (
	results     = []string{resultOK, resultFailed, resultTimeout, resultExcluded, resultRejected}
	transitions = [][2]gobreaker.State{
		{gobreaker.StateClosed, gobreaker.StateOpen},
		{gobreaker.StateOpen, gobreaker.StateHalfOpen},
		{gobreaker.StateHalfOpen, gobreaker.StateOpen},
		{gobreaker.StateHalfOpen, gobreaker.StateClosed},
	}
)

// Metrics are the counters of all breakers of a process. There is no gauge of the state: half-open lasts less than a millisecond with
// quick probes, and no scrape would find it.
type Metrics struct {
	transitions, calls, probes, fallbacks *prometheus.CounterVec
}

// NewMetrics registers the counters.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"name"}, labels...))
		registry.MustRegister(vec)
		return vec
	}
	return &Metrics{
		transitions: counter("breaker_transitions_total",
			"Changes of state, by breaker. Closed when those from closed equal those to closed.", "from", "to"),
		calls: counter("breaker_calls_total",
			"Calls of requests and retries, by breaker and result: ok, failed, timeout, excluded (the caller gave up), rejected.", "result"),
		probes:    counter("breaker_probes_total", "Calls of the prober, by breaker and result.", "result"),
		fallbacks: counter("breaker_fallbacks_total", "Answers given instead of the dependency's, by breaker and answer.", "answer"),
	}
}

// begin makes the series of a breaker exist: rate() does not count the increase of a series from nothing to its first value.
func (m *Metrics) begin(name string) {
	for _, t := range transitions {
		m.transitions.WithLabelValues(name, t[0].String(), t[1].String())
	}
	for _, result := range results {
		m.calls.WithLabelValues(name, result)
		m.probes.WithLabelValues(name, result)
	}
}
