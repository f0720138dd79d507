package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/tracelog"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zapcore"
)

func slowStatements(out *bytes.Buffer) *tracelog.TraceLog {
	return SlowStatements(NewLogger(prometheus.NewRegistry(), zapcore.AddSync(out)).Named("postgres"))
}

func TestASlowStatementIsLoggedWithItsSecondsAndWithoutWhatItWasCalledWith(t *testing.T) {
	var out bytes.Buffer
	tracer := slowStatements(&out)
	tracer.Logger.Log(t.Context(), tracelog.LogLevelInfo, "Query", map[string]any{
		"sql": "SELECT name FROM users WHERE email = $1", "args": []any{"alice@example.com"}, "duration": 152 * time.Millisecond,
		"err": errors.New("(email)=(alice@example.com) exists"),
	})
	var entry struct {
		SQL      string  `json:"sql"`
		Duration float64 `json:"duration"`
		Msg      string  `json:"msg"`
	}
	if err := json.Unmarshal(out.Bytes(), &entry); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if entry.SQL != "SELECT name FROM users WHERE email = $1" || entry.Duration != 0.152 || entry.Msg != "Query" {
		t.Errorf("%+v", entry)
	}
	if strings.Contains(out.String(), "alice") {
		t.Errorf("what it was called with is told: %s", out.String())
	}
}

func TestAQuickStatementIsNotLoggedNorIsAConnection(t *testing.T) {
	var out bytes.Buffer
	tracer := slowStatements(&out)
	ctx := tracer.TraceQueryStart(t.Context(), &pgx.Conn{}, pgx.TraceQueryStartData{SQL: "SELECT 1"})
	tracer.TraceQueryEnd(ctx, &pgx.Conn{}, pgx.TraceQueryEndData{})
	tracer.Logger.Log(t.Context(), tracelog.LogLevelInfo, "Query", map[string]any{"sql": "SELECT 1", "duration": 99 * time.Millisecond})
	tracer.Logger.Log(t.Context(), tracelog.LogLevelInfo, "Connect", map[string]any{"duration": time.Second})
	if out.Len() > 0 {
		t.Errorf("logged: %s", out.String())
	}
}
