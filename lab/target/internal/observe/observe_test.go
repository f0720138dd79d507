package observe

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap/zapcore"
)

var testRoute = Route{Method: http.MethodPost, Path: "/api/order/create"}

func family(t *testing.T, registry *prometheus.Registry, name string) *dto.MetricFamily {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(families, func(f *dto.MetricFamily) bool { return f.GetName() == name })
	if at < 0 {
		t.Fatalf("%s is not there", name)
	}
	return families[at]
}

func TestARouteNobodyCalledIsZeroNotMissingAndHasTheLimitAsABoundary(t *testing.T) {
	registry := prometheus.NewRegistry()
	NewHTTP(registry, []Route{testRoute})
	histogram := family(t, registry, "http_request_duration_seconds").GetMetric()[0].GetHistogram()
	if histogram.GetSampleCount() != 0 {
		t.Error("something was counted")
	}
	if !slices.ContainsFunc(histogram.GetBucket(), func(b *dto.Bucket) bool { return b.GetUpperBound() == 0.3 }) {
		t.Error("no bucket ends at exactly 0.3")
	}
}

func TestNoClientCanGrowTheNumberOfSeries(t *testing.T) {
	registry := prometheus.NewRegistry()
	measured := NewHTTP(registry, []Route{testRoute})
	mux := http.NewServeMux()
	mux.Handle(testRoute.Method+" "+testRoute.Path, measured.Measure(testRoute, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	mux.Handle("/", measured.MeasureUnmatched(http.NotFoundHandler()))
	for n := range 1_000 {
		number := strconv.Itoa(n)
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", testRoute.Path+"?user="+number, nil))
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("M"+number, "/somewhere/"+number, nil))
	}
	series := family(t, registry, "http_request_duration_seconds").GetMetric()
	if len(series) != 2 {
		t.Errorf("%d series after 2,000 different requests, want 2: the route and unmatched", len(series))
	}
	for _, metric := range series {
		if metric.GetHistogram().GetSampleCount() != 1_000 {
			t.Errorf("%v counted %d, want 1,000", metric.GetLabel(), metric.GetHistogram().GetSampleCount())
		}
	}
}

func TestAPanickingHandlerIsCountedAs500AndNotInFlightAnyMore(t *testing.T) {
	registry := prometheus.NewRegistry()
	measured := NewHTTP(registry, nil)
	handler := measured.Measure(testRoute, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("on purpose") }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", nil))
	}()
	labels := family(t, registry, "http_request_duration_seconds").GetMetric()[0].GetLabel()
	if !slices.ContainsFunc(labels, func(l *dto.LabelPair) bool { return l.GetName() == "code" && l.GetValue() == "500" }) {
		t.Errorf("counted as %v", labels)
	}
	if got := testutil.ToFloat64(measured.inFlight); got != 0 {
		t.Errorf("%v in flight", got)
	}
}

func TestErrorsAreCountedByModuleAndAnyOtherNameIsOther(t *testing.T) {
	registry := prometheus.NewRegistry()
	var out strings.Builder
	log := NewLogger(registry, zapcore.AddSync(&out))
	for n := range 150 {
		// more than a sampler would let pass, from loggers with ever new names
		log.Named("order").Error("the order was not stored")
		log.Named("request-" + strconv.Itoa(n)).Error("odd")
	}
	log.Named("order").Warn("not an error")

	want := `
# HELP zap_error_total Log entries of level error and above, by module.
# TYPE zap_error_total counter
zap_error_total{module="breaker"} 0
zap_error_total{module="drill"} 0
zap_error_total{module="fault"} 0
zap_error_total{module="health"} 0
zap_error_total{module="http"} 0
zap_error_total{module="main"} 0
zap_error_total{module="order"} 150
zap_error_total{module="other"} 150
zap_error_total{module="payment"} 0
zap_error_total{module="profile"} 0
zap_error_total{module="switches"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "zap_error_total"); err != nil {
		t.Error(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 301 {
		t.Errorf("%d lines logged, want 301: counted and logged must agree", lines)
	}
}

func TestTheRegistryTellsTheBuildAndWhatRuntimeAnalysisNeeds(t *testing.T) {
	registry := NewRegistry("91d03ce", true)
	for _, name := range []string{
		"go_goroutines", "go_sched_latencies_seconds", "go_sched_pauses_total_gc_seconds", "go_gc_heap_live_bytes",
		"go_cpu_classes_gc_total_cpu_seconds_total", "go_cpu_classes_gc_mark_assist_cpu_seconds_total", "go_cpu_classes_total_cpu_seconds_total",
		"process_cpu_seconds_total",
	} {
		family(t, registry, name)
	}
	want := `
# HELP build_info Always 1; the labels say from which commit this binary was built, and whether its checkout had uncommitted changes.
# TYPE build_info gauge
build_info{dirty="true",sha="91d03ce"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "build_info"); err != nil {
		t.Error(err)
	}
}

func TestThePoolTellsItsSizeAndWhatItsCountersNeed(t *testing.T) {
	// nobody listens on port 1: a pool has its figures without a database too
	config, err := pgxpool.ParseConfig("postgres://shop@127.0.0.1:1/shop?pool_max_conns=7")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewPoolCollector(pool.Stat))
	if got := family(t, registry, "pgxpool_max_conns").GetMetric()[0].GetGauge().GetValue(); got != 7 {
		t.Errorf("pgxpool_max_conns is %v, want 7", got)
	}
	for _, name := range []string{"acquired_conns", "idle_conns", "acquire_total", "empty_acquire_total", "empty_acquire_wait_seconds_total"} {
		family(t, registry, "pgxpool_"+name)
	}
}
