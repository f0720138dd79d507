package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/drill"
	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/shop"
	"tminus.dev/lab/target/switches"
)

func defaultSwitches(t *testing.T) *switches.Set {
	t.Helper()
	set, err := openSwitches(config{}, prometheus.NewRegistry(), io.Discard, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func get(handler http.Handler, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	return recorder
}

func TestFaultsAndProfilesAreNotOnThePublicPort(t *testing.T) {
	board := fault.NewBoard(fault.Process{})
	admin := adminMux(board, defaultSwitches(t), drill.NewMark(prometheus.NewRegistry()), zap.NewNop())
	public := publicMux(prometheus.NewRegistry(), &shop.API{Faults: board, Log: zap.NewNop()}, http.NotFoundHandler(), false)
	internal := internalServers(config{pprofListen: ":6060"}, admin)
	if len(internal) != 1 {
		t.Fatalf("%d internal servers, want 1", len(internal))
	}
	for _, path := range []string{"/admin/faults", "/admin/switches", "/admin/drill", "/debug/pprof/goroutine?debug=1", "/debug/pprof/"} {
		if got := get(public, path); got.Code != http.StatusNotFound {
			t.Errorf("the public port answers %s with %d", path, got.Code)
		}
		if got := get(internal[0].Handler, path); got.Code != http.StatusOK {
			t.Errorf("the pprof port answers %s with %d", path, got.Code)
		}
	}
}

func TestASwitchTurnedOnTheAdminPortIsAuditedAndMeasured(t *testing.T) {
	registry, audit := prometheus.NewRegistry(), &strings.Builder{}
	set, err := openSwitches(config{switchFlags: map[string]bool{"shed-load": true}}, registry, audit, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	admin := adminMux(fault.NewBoard(fault.Process{}), set, drill.NewMark(registry), zap.NewNop())
	if got := get(admin, "/admin/switches/shed-load").Body.String(); !strings.Contains(got, `"source":"flag"`) {
		t.Errorf("shed-load: %s", got)
	}
	recorder := httptest.NewRecorder()
	body := strings.NewReader(`{"value": false, "who": "li.wei", "expected": true}`)
	admin.ServeHTTP(recorder, httptest.NewRequest("PUT", "/admin/switches/payment", body))
	if recorder.Code != http.StatusOK || set.Switch("payment").On() {
		t.Errorf("PUT answers %d %s", recorder.Code, recorder.Body)
	}
	if !strings.Contains(audit.String(), `"audit":"switch"`) || !strings.Contains(audit.String(), `"who":"li.wei"`) {
		t.Errorf("audit: %s", audit)
	}
	want := `
# HELP switch_on 1 while an emergency switch is on, else 0.
# TYPE switch_on gauge
switch_on{name="breakers"} 1
switch_on{name="cache-only"} 0
switch_on{name="payment"} 0
switch_on{name="pricing"} 1
switch_on{name="shed-load"} 1
switch_on{name="stay-ready"} 0
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "switch_on"); err != nil {
		t.Error(err)
	}
}

func TestOnlySwitchesMayFollowServe(t *testing.T) {
	values, err := readFlags([]string{"-switch", "payment=false", "-switch=shed-load=true"})
	if err != nil || len(values) != 2 || values["payment"] || !values["shed-load"] {
		t.Errorf("%v, %v", values, err)
	}
	for _, arguments := range [][]string{{"-switch"}, {"-switch=payment"}, {"-swich=payment=false"}, {"payment=false"}} {
		if _, err := readFlags(arguments); err == nil {
			t.Errorf("%v is accepted", arguments)
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
