package observe

import (
	"regexp"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// cpuClasses are the runtime's CPU seconds spent on garbage collection, on goroutines made to assist it, on processors that
// nobody else wanted, and in all. GC CPU is the
// better predictor of lost throughput than the pauses are.
var cpuClasses = regexp.MustCompile(`^/cpu/classes/(gc/total|gc/mark/assist|gc/mark/idle|total):cpu-seconds$`)

// NewRegistry answers a registry with the process, the Go runtime (scheduler and GC classes, GC CPU seconds) and
// build_info{sha,dirty} in it.
func NewRegistry(sha string, dirty bool) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "build_info",
		Help: "Always 1; the labels say from which commit this binary was built, and whether its checkout had uncommitted changes.",
	}, []string{"sha", "dirty"})
	build.WithLabelValues(sha, strconv.FormatBool(dirty)).Set(1)
	registry.MustRegister(
		build,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(
			collectors.MetricsGC,
			collectors.MetricsScheduler,
			collectors.GoRuntimeMetricsRule{Matcher: cpuClasses},
		)),
	)
	return registry
}
