package observe

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Modules are the names a logger may have (zap.Logger.Named) to be counted under its own label. The caller's line would be a label
// per line of code and a new series with every release; a module is a handful for ever.
var Modules = []string{"main", "order", "profile", "payment", "health", "http", "fault", "breaker", "switches", "drill"}

// otherModule collects loggers with any other name, so that nothing can grow the number of series.
const otherModule = "other"

// NewLogger answers a JSON logger whose entries of level error and above are counted in zap_error_total{module}. It does not
// sample: a sampler in front of the hook would hide errors from the counter, and the shop logs nothing per good request.
func NewLogger(registry prometheus.Registerer, out zapcore.WriteSyncer) *zap.Logger {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zap_error_total",
		Help: "Log entries of level error and above, by module.",
	}, []string{"module"})
	registry.MustRegister(total)
	for _, module := range append(slices.Clone(Modules), otherModule) {
		total.WithLabelValues(module)
	}

	encoding := zap.NewProductionEncoderConfig()
	encoding.TimeKey = "time"
	encoding.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(encoding), out, zapcore.InfoLevel)
	counted := zapcore.RegisterHooks(core, func(entry zapcore.Entry) error {
		if entry.Level >= zapcore.ErrorLevel {
			total.WithLabelValues(moduleOf(entry)).Inc()
		}
		return nil
	})
	return zap.New(counted)
}

func moduleOf(entry zapcore.Entry) string {
	if slices.Contains(Modules, entry.LoggerName) {
		return entry.LoggerName
	}
	return otherModule
}
