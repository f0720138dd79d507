package observe

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/tracelog"
	"go.uber.org/zap"
)

// slowStatement is a third of the release's limit of 300 ms: a request with one such statement is well on its way to it. The shop's
// own statements take 1 to 3 ms, so that a healthy shop logs none.
const slowStatement = 100 * time.Millisecond

// SlowStatements answers a tracer that logs statements from slowStatement on: their text, with its parameters as $1, and the time.
// What they were called with belongs to customers and is never logged, nor are errors, which PostgreSQL words with the values in them.
func SlowStatements(log *zap.Logger) *tracelog.TraceLog {
	return &tracelog.TraceLog{
		LogLevel: tracelog.LogLevelInfo,
		// Its default, "time", is the key of the entry's own time (NewLogger).
		Config: &tracelog.TraceLogConfig{TimeKey: "duration"},
		Logger: tracelog.LoggerFunc(func(_ context.Context, _ tracelog.LogLevel, msg string, data map[string]any) {
			sql, _ := data["sql"].(string)
			took, _ := data["duration"].(time.Duration)
			if sql == "" || took < slowStatement {
				return
			}
			log.Info(msg, zap.String("sql", sql), zap.Duration("duration", took))
		}),
	}
}
