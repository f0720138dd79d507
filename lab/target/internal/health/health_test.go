package health

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/fault"
)

func answers(context.Context) error { return nil }
func refuses(context.Context) error { return errors.New("connection refused") }
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func probe(t *testing.T, checks map[string]Check, armed map[string]string) (int, Report) {
	t.Helper()
	return probeSwitched(t, false, checks, armed)
}

func probeSwitched(t *testing.T, stayReady bool, checks map[string]Check, armed map[string]string) (int, Report) {
	t.Helper()
	board := fault.NewBoard(fault.Process{StartedAt: time.Now()})
	if err := board.Replace(armed); err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	options := Options{Version: "91d03ce", Checks: checks, Board: board, StayReady: func() bool { return stayReady }, Log: zap.NewNop()}
	Handler(options).ServeHTTP(recorder, httptest.NewRequest("GET", "/healthz", nil))
	var report Report
	if err := json.Unmarshal(recorder.Body.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	return recorder.Code, report
}

func TestIsOkWithItsVersionWhenEveryDependencyAnswers(t *testing.T) {
	code, report := probe(t, map[string]Check{"postgres": answers, "redis": answers}, nil)
	if code != 200 || report.Status != "ok" || report.Version != "91d03ce" || report.Checks["postgres"] != "ok" || report.Checks["redis"] != "ok" {
		t.Errorf("%d %+v", code, report)
	}
}

func TestFailsByNameWhenADependencyRefuses(t *testing.T) {
	code, report := probe(t, map[string]Check{"postgres": answers, "redis": refuses}, nil)
	if code != 503 || report.Status != "failing" || report.Checks["redis"] != "failing" || report.Checks["postgres"] != "ok" {
		t.Errorf("%d %+v", code, report)
	}
}

func TestFailsWithinAProbesSecondWhenAllDependenciesHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		code, report := probe(t, map[string]Check{"postgres": hangs, "redis": hangs}, nil)
		if took := time.Since(begin); took >= time.Second {
			t.Errorf("took %s; kubelet gives up after 1 s", took)
		}
		if code != 503 || report.Status != "failing" {
			t.Errorf("%d %+v", code, report)
		}
	})
}

func TestSwitchedToStayReadyItNamesTheFailingDependencyAndAnswers200(t *testing.T) {
	checks := map[string]Check{"postgres": answers, "redis": refuses}
	code, report := probeSwitched(t, true, checks, nil)
	if code != 200 || report.Status != "degraded" || report.Checks["redis"] != "failing" {
		t.Errorf("%d %+v", code, report)
	}
	if code, report := probeSwitched(t, true, map[string]Check{"redis": answers}, nil); code != 200 || report.Status != "ok" {
		t.Errorf("nothing fails: %d %+v", code, report)
	}
	if code, _ := probeSwitched(t, true, checks, map[string]string{"broken-image": ""}); code != 500 {
		t.Errorf("a broken image answers %d", code)
	}
}

func TestABrokenImageAnswers500ThoughItsDependenciesAreFine(t *testing.T) {
	code, report := probe(t, map[string]Check{"postgres": answers}, map[string]string{"broken-image": ""})
	if code != 500 || report.Status != "failing" || report.Reason == "" {
		t.Errorf("%d %+v", code, report)
	}
}

func TestASlowStartAnswers503(t *testing.T) {
	if code, report := probe(t, map[string]Check{"postgres": answers}, map[string]string{"slow-start": "1m"}); code != 503 || report.Status != "failing" {
		t.Errorf("%d %+v", code, report)
	}
}
