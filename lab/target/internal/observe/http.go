// Package observe counts what the shop does: requests, errors, the pgx pool, the build.
package observe

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// durationBucketsSeconds has a boundary at exactly 0.3, the release's p99 limit: a share of requests under 300 ms read from it is
// a count, not an interpolation.
var durationBucketsSeconds = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5}

// Route is one endpoint of the shop. Only these become label values, so that no client can grow the number of series.
type Route struct {
	Method string
	Path   string
}

// Unmatched is the label of requests that no route takes; their method is told as "other" too.
const (
	Unmatched   = "unmatched"
	otherMethod = "other"
)

// HTTP measures requests by route.
type HTTP struct {
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// NewHTTP registers http_request_duration_seconds{method,route,code} (seconds) and http_requests_in_flight. The series of each
// route with code 200 exist from the start: a route nobody called yet is zero, not missing.
func NewHTTP(registry prometheus.Registerer, routes []Route) *HTTP {
	h := &HTTP{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from the request's headers read to its answer written, by route. Probes and scrapes are not counted.",
			Buckets: durationBucketsSeconds,
		}, []string{"method", "route", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_flight",
			Help: "Requests of the shop being answered now. Probes and scrapes are not counted.",
		}),
	}
	registry.MustRegister(h.duration, h.inFlight)
	for _, route := range routes {
		h.duration.WithLabelValues(route.Method, route.Path, "200")
	}
	return h
}

// Measure wraps the handler of one route.
func (h *HTTP) Measure(route Route, next http.Handler) http.Handler {
	return h.measure(route.Method, route.Path, next)
}

// MeasureUnmatched wraps the handler of everything that is no route.
func (h *HTTP) MeasureUnmatched(next http.Handler) http.Handler {
	return h.measure(otherMethod, Unmatched, next)
}

func (h *HTTP) measure(method, path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		h.inFlight.Inc()
		recorder := &statusRecorder{ResponseWriter: w, code: http.StatusOK}
		answered := false
		// deferred, because a handler that panics (net/http recovers it and drops the connection) counts too, as 500
		defer func() {
			if !answered {
				recorder.code = http.StatusInternalServerError
			}
			h.inFlight.Dec()
			h.duration.WithLabelValues(method, path, strconv.Itoa(recorder.code)).Observe(time.Since(begin).Seconds())
		}()
		next.ServeHTTP(recorder, r)
		answered = true
	})
}

type statusRecorder struct {
	http.ResponseWriter
	code int
}

func (s *statusRecorder) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
