package drill

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
)

func series(t *testing.T, registry *prometheus.Registry, want string) {
	t.Helper()
	if want != "" {
		want = "# HELP tminus_drill 1 while this process is part of the drill with that id.\n# TYPE tminus_drill gauge\n" + want + "\n"
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "tminus_drill"); err != nil {
		t.Error(err)
	}
}

func TestTheMarkIsASeriesUntilItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		mark := NewMark(registry)
		series(t, registry, "")
		if err := mark.Set("go-api-1.4.0/drill", time.Minute); err != nil {
			t.Fatal(err)
		}
		series(t, registry, `tminus_drill{id="go-api-1.4.0/drill"} 1`)
		time.Sleep(30 * time.Second)
		if err := mark.Set("go-api-1.4.0/drill", time.Minute); err != nil {
			t.Errorf("the same drill again: %v", err)
		}
		time.Sleep(time.Minute - 1)
		series(t, registry, `tminus_drill{id="go-api-1.4.0/drill"} 1`)
		time.Sleep(1)
		series(t, registry, "")
		if err := mark.Set("the-next", time.Minute); err != nil {
			t.Errorf("after the end of the first: %v", err)
		}
	})
}

func TestTheEndpointMarksRefusesAndClears(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := Handler(NewMark(registry), zap.NewNop())
	for _, step := range []struct {
		method, path, body string
		code               int
		answer             string
	}{
		{"GET", "/admin/drill", "", 200, `{"id":""}`},
		{"PUT", "/admin/drill", `{"id":"d-1","ttl":"10m"}`, 200, `"id":"d-1","until":"`},
		{"PUT", "/admin/drill", `{"id":"d-2","ttl":"10m"}`, 409, "another drill is on: d-1"},
		{"PUT", "/admin/drill", `{"id":"","ttl":"10m"}`, 400, "`id`"},
		{"PUT", "/admin/drill", `{"id":"a\nb","ttl":"10m"}`, 400, "`id`"},
		{"PUT", "/admin/drill", `{"id":"d-1"}`, 400, "`ttl`"},
		{"PUT", "/admin/drill", `{"id":"d-1","ttl":"0s"}`, 400, "`ttl`"},
		{"PUT", "/admin/drill", `{"id":"d-1","ttl":"25h"}`, 400, "`ttl`"},
		{"PUT", "/admin/drill", `{"id":"d-1","tll":"1h"}`, 400, "tll"},
		{"PUT", "/admin/drill", `nonsense`, 400, "must be JSON"},
		{"PUT", "/admin/drill", `{"id":"` + strings.Repeat("x", maxBodyBytes) + `"}`, 400, "too large"},
		{"DELETE", "/admin/drill?id=d-2", "", 404, "not on"},
		{"DELETE", "/admin/drill?id=d-1", "", 200, `{"id":""}`},
		{"DELETE", "/admin/drill?id=d-1", "", 404, "not on"},
	} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(step.method, step.path, strings.NewReader(step.body)))
		if recorder.Code != step.code || !strings.Contains(recorder.Body.String(), step.answer) {
			t.Errorf("%s %.40s answers %d %s, want %d %s", step.method, step.body, recorder.Code, recorder.Body, step.code, step.answer)
		}
	}
	series(t, registry, "")
}
