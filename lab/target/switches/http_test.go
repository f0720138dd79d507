package switches

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask answers the status, and the body decoded into into.
func ask(t *testing.T, set *Set, method, path, body string, into any) int {
	t.Helper()
	recorder := httptest.NewRecorder()
	set.Handler().ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	if into != nil {
		if err := json.Unmarshal(recorder.Body.Bytes(), into); err != nil {
			t.Fatalf("%s %s answers %d %s: %v", method, path, recorder.Code, recorder.Body, err)
		}
	}
	return recorder.Code
}

func TestGetListsEverySwitchWithItsSourceAndTheFile(t *testing.T) {
	path := writeFile(t, "switches: {shed-load: true}")
	set, _ := open(t, Options{File: path, Environment: map[string]bool{"payment": false}})
	var list List
	if code := ask(t, set, "GET", "/switches", "", &list); code != 200 || len(list.Switches) != 3 || list.File == nil || list.File.Path != path {
		t.Fatalf("%d %+v", code, list)
	}
	sources := []Source{FromEnvironment, FromFile, FromDefault}
	for at, got := range list.Switches {
		if got.Name != definitions[at].Name || got.Source != sources[at] || got.About == "" || got.Readonly != definitions[at].Readonly {
			t.Errorf("%+v", got)
		}
	}
	var one State
	if code := ask(t, set, "GET", "/switches/payment", "", &one); code != 200 || one.Value || one.Source != FromEnvironment {
		t.Errorf("%d %+v", code, one)
	}
	if code := ask(t, set, "GET", "/switches/paymnt", "", nil); code != 404 {
		t.Errorf("an unknown switch answers %d", code)
	}
}

func TestPutSetsComparesRepeatsAndReleases(t *testing.T) {
	set, _ := open(t, Options{})
	const path = "/switches/payment"
	off := `{"value": false, "expected": true, "who": "li.wei", "ttl": "10m", "operation": "drill-1"}`
	var outcome Outcome
	if code := ask(t, set, "PUT", path, off, &outcome); code != 200 || outcome.Repeated || outcome.State.Value || outcome.State.Source != FromAPI ||
		time.Until(*outcome.State.Until) < 9*time.Minute {
		t.Errorf("%d %+v", code, outcome)
	}
	if code := ask(t, set, "PUT", path, off, &outcome); code != 200 || !outcome.Repeated {
		t.Errorf("again: %d %+v", code, outcome)
	}
	var refusal problem
	if code := ask(t, set, "PUT", path, `{"value": true, "expected": true, "who": "a"}`, &refusal); code != 409 || refusal.Reason != Mismatch {
		t.Errorf("mismatch: %d %+v", code, refusal)
	}
	if code := ask(t, set, "PUT", path, `{"value": true, "who": "a", "operation": "drill-1"}`, &refusal); code != 409 || refusal.Reason != OperationReused {
		t.Errorf("operation reused: %d %+v", code, refusal)
	}
	outcome = Outcome{}
	if code := ask(t, set, "PUT", path, `{"value": null, "expected": false, "who": "li.wei"}`, &outcome); code != 200 || !outcome.State.Value || outcome.State.Source != FromDefault {
		t.Errorf("released: %d %+v", code, outcome)
	}
}

func TestPutTakesBackTheChangeOfOneOperationAndNoOther(t *testing.T) {
	set, audit := open(t, Options{})
	const path = "/switches/payment"
	ask(t, set, "PUT", path, `{"value": false, "who": "drill", "operation": "drill-1"}`, nil)
	ask(t, set, "PUT", path, `{"value": false, "who": "li.wei", "operation": "by-hand"}`, nil)
	release := `{"value": null, "who": "drill", "operation": "drill-1#restore", "expectedOperation": "drill-1"}`
	var refusal problem
	if code := ask(t, set, "PUT", path, release, &refusal); code != 409 || refusal.Reason != Mismatch || !strings.Contains(refusal.Error, "by-hand") {
		t.Errorf("another change of the same value: %d %+v", code, refusal)
	}
	if got := state(t, set, "payment"); got.Operation != "by-hand" || audit.last(t).Result != Refused {
		t.Errorf("%+v", got)
	}
	ask(t, set, "PUT", path, `{"value": false, "who": "drill", "operation": "drill-2"}`, nil)
	release = strings.ReplaceAll(release, "drill-1", "drill-2")
	for _, repeated := range []bool{false, true} {
		outcome := Outcome{}
		if code := ask(t, set, "PUT", path, release, &outcome); code != 200 || outcome.Repeated != repeated || outcome.State.Source != FromDefault {
			t.Errorf("%d %+v, want repeated %t", code, outcome, repeated)
		}
	}
	if code := ask(t, set, "PUT", path, strings.ReplaceAll(release, `"expectedOperation": "drill-2"`, `"expectedOperation": ""`), &refusal); code != 409 || refusal.Reason != OperationReused {
		t.Errorf("the same id with another guard: %d %+v", code, refusal)
	}
}

func TestWhatIsWrongWithARequestIsSaidInASentenceAndChangesNothing(t *testing.T) {
	set, _ := open(t, Options{})
	before := set.Snapshot()
	for _, wrong := range []struct {
		name, body, message string
		code                int
	}{
		{"paymnt", `{"value": false, "who": "a"}`, "no switch", 404},
		{"breakers", `{"value": false, "who": "a"}`, "readonly", 403},
		{"payment", ``, "must be JSON such as", 400},
		{"payment", `nonsense`, "must be JSON such as", 400},
		{"payment", `[]`, "must be JSON such as", 400},
		{"payment", `{"value": false, "who": "a"} {}`, "more after", 400},
		{"payment", `{"who": "a"}`, "`value` is missing", 400},
		{"payment", `{"value": "false", "who": "a"}`, "`value` is", 400},
		{"payment", `{"value": 0, "who": "a"}`, "`value` is", 400},
		{"payment", `{"value": false}`, "`who`", 400},
		{"payment", `{"value": false, "who": "a", "expcted": true}`, "expcted", 400},
		{"payment", `{"value": false, "who": "a", "ttl": "soon"}`, "`ttl`", 400},
		{"payment", `{"value": false, "who": "a", "ttl": "-1s"}`, "`ttl`", 400},
		{"payment", `{"value": false, "who": "a", "ttl": "0s"}`, "`ttl`", 400},
		{"payment", `{"value": false, "who": "a", "ttl": "25h"}`, "at most 24h", 400},
		{"payment", `{"value": false, "who": "` + strings.Repeat("x", MaxBodyBytes) + `"}`, "larger than 4096 bytes", 400},
	} {
		var refusal problem
		code := ask(t, set, "PUT", "/switches/"+wrong.name, wrong.body, &refusal)
		if code != wrong.code || !strings.Contains(refusal.Error, wrong.message) {
			t.Errorf("%s %.60s answers %d %s, want %d and %q", wrong.name, wrong.body, code, refusal.Error, wrong.code, wrong.message)
		}
	}
	if set.Snapshot() != before {
		t.Error("something was changed")
	}
	if code := ask(t, set, "POST", "/switches/payment", "", nil); code != 405 {
		t.Errorf("POST answers %d", code)
	}
}

func FuzzParseBody(f *testing.F) {
	for _, body := range []string{`{"value": false, "who": "a"}`, `{"value": null}`, `{"value": [true]}`, `{"ttl": "1h", "value": true}`, `{`, `null`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := ParseBody(body)
		if err == nil && request.TTL < 0 {
			t.Errorf("%+v", request)
		}
		if err != nil && request != (Request{}) {
			t.Errorf("%+v with %v", request, err)
		}
	})
}
