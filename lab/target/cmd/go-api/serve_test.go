package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/shop"
)

func get(handler http.Handler, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	return recorder
}

func TestFaultsAndProfilesAreNotOnThePublicPort(t *testing.T) {
	board := fault.NewBoard(fault.Process{})
	admin := fault.AdminHandler(board, zap.NewNop())
	public := publicMux(prometheus.NewRegistry(), &shop.API{Faults: board, Log: zap.NewNop()}, http.NotFoundHandler(), false)
	internal := internalServers(config{pprofListen: ":6060"}, admin)
	if len(internal) != 1 {
		t.Fatalf("%d internal servers, want 1", len(internal))
	}
	for _, path := range []string{"/admin/faults", "/debug/pprof/goroutine?debug=1", "/debug/pprof/"} {
		if got := get(public, path); got.Code != http.StatusNotFound {
			t.Errorf("the public port answers %s with %d", path, got.Code)
		}
		if got := get(internal[0].Handler, path); got.Code != http.StatusOK {
			t.Errorf("the pprof port answers %s with %d", path, got.Code)
		}
	}
}

func TestAnAdminPortOfItsOwnTakesTheFaultsOffThePprofPort(t *testing.T) {
	admin := fault.AdminHandler(fault.NewBoard(fault.Process{}), zap.NewNop())
	internal := internalServers(config{pprofListen: ":6060", adminListen: "127.0.0.1:6061"}, admin)
	if len(internal) != 2 || internal[1].Addr != "127.0.0.1:6061" {
		t.Fatalf("%d internal servers", len(internal))
	}
	if onPprof, onAdmin := get(internal[0].Handler, "/admin/faults").Code, get(internal[1].Handler, "/admin/faults").Code; onPprof != 404 || onAdmin != 200 {
		t.Errorf("pprof port %d, admin port %d", onPprof, onAdmin)
	}
}

func TestVersionTellsTheCommitAndScrapesAndProbesAreNotMeasured(t *testing.T) {
	registry := prometheus.NewRegistry()
	public := publicMux(registry, &shop.API{Faults: fault.NewBoard(fault.Process{}), Log: zap.NewNop()}, http.NotFoundHandler(), true)
	if got := get(public, "/version").Body.String(); !strings.Contains(got, `"sha":"unknown"`) || !strings.Contains(got, `"dirty":"true"`) {
		t.Errorf("/version answers %s", got)
	}
	get(public, "/healthz")
	for line := range strings.Lines(get(public, "/metrics").Body.String()) {
		if strings.HasPrefix(line, "http_request_duration_seconds_count") && !strings.HasSuffix(line, " 0\n") {
			t.Errorf("something was measured: %s", line)
		}
	}
}

func TestConnectionsAreGivenUpOnlyWhileDraining(t *testing.T) {
	var draining atomic.Bool
	handler := closeWhileDraining(&draining, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if got := get(handler, "/").Header().Get("Connection"); got != "" {
		t.Errorf("before: Connection: %s", got)
	}
	draining.Store(true)
	if got := get(handler, "/").Header().Get("Connection"); got != "close" {
		t.Errorf("draining: Connection: %q", got)
	}
}
