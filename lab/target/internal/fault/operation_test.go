package fault

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
)

func drill(faults map[string]string) Operation {
	return Operation{ID: "drill-1", Who: "tminus", Faults: faults, TTL: time.Minute}
}

func mustArm(t *testing.T, board *Board, operation Operation, want bool) {
	t.Helper()
	if repeated, err := board.Arm(operation, nil); err != nil || repeated != want {
		t.Fatalf("repeated %t, want %t: %v", repeated, want, err)
	}
}

func mustRefuse(t *testing.T, board *Board, operation Operation, want RefusalKind) {
	t.Helper()
	before := board.Armed()
	var refusal *Refusal
	if _, err := board.Arm(operation, nil); !errors.As(err, &refusal) || refusal.Kind != want || refusal.Message == "" {
		t.Errorf("%+v: %v, want a refusal of kind %s", operation, err, want)
	}
	if !maps.Equal(before, board.Armed()) {
		t.Errorf("a refusal armed %v", board.Armed())
	}
}

func TestAnOperationEndsByItselfAndLeavesOtherFaultsArmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(nil)
		arm(t, board, "slow-order")
		var expired atomic.Int32
		if _, err := board.Arm(drill(map[string]string{"pricing-errors": "", "error-surge": "5"}), func() { expired.Add(1) }); err != nil {
			t.Fatal(err)
		}
		if got := board.Armed(); got["pricing-errors"] != "100" || got["error-surge"] != "5" || got["slow-order"] != "400ms" {
			t.Fatalf("%v", got)
		}
		time.Sleep(time.Minute - time.Millisecond)
		synctest.Wait()
		if len(board.Armed()) != 3 || expired.Load() != 0 {
			t.Fatalf("%v before the ttl, expired %d times", board.Armed(), expired.Load())
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if got := board.Armed(); len(got) != 1 || got["slow-order"] != "400ms" || expired.Load() != 1 || len(board.Operations()) != 0 {
			t.Errorf("%v after the ttl, expired %d times", got, expired.Load())
		}
	})
}

func TestDisarmingAnOperationDisarmsItsFaultsAndNoOthersAndStopsWhatTheyStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(func(int) { t.Error("exited") })
		mustArm(t, board, drill(map[string]string{"crash-loop": "10s"}), false)
		other := Operation{ID: "drill-2", Who: "tminus", Faults: map[string]string{"pricing-errors": ""}, TTL: time.Hour}
		mustArm(t, board, other, false)
		for _, want := range []bool{true, false} {
			if disarmed, err := board.Disarm("drill-1"); err != nil || disarmed != want {
				t.Errorf("%t, %v, want %t", disarmed, err, want)
			}
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := board.Operations(); len(got) != 1 || got[0].ID != "drill-2" || got[0].Faults["pricing-errors"] != "100" {
			t.Errorf("%+v", got)
		}
		_, _ = board.Disarm("drill-2")
	})
}

func TestARepeatedOperationChangesNothingAlsoAfterItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(nil)
		operation := drill(map[string]string{"pricing-errors": "20"})
		mustArm(t, board, operation, false)
		time.Sleep(50 * time.Second)
		mustArm(t, board, operation, true)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if len(board.Armed()) != 0 {
			t.Error("the repetition moved the end")
		}
		mustArm(t, board, operation, true)
		if len(board.Armed()) != 0 {
			t.Error("an operation that has ended was armed again")
		}
		changed := operation
		changed.TTL = time.Hour
		mustRefuse(t, board, changed, OperationReused)
	})
}

func TestAnOperationThatWasDisarmedBeforeItArrivedIsRefused(t *testing.T) {
	board := boardOfNow(nil)
	if disarmed, err := board.Disarm("drill-1"); err != nil || disarmed {
		t.Fatalf("%t, %v", disarmed, err)
	}
	mustRefuse(t, board, drill(map[string]string{"pricing-errors": ""}), OperationEnded)
}

func TestAFaultOfSomebodyElseIsNotTaken(t *testing.T) {
	board := boardOfNow(nil)
	arm(t, board, "slow-order")
	mustRefuse(t, board, drill(map[string]string{"slow-order": "", "pricing-errors": ""}), Armed)
	mustArm(t, board, drill(map[string]string{"pricing-errors": ""}), false)
	t.Cleanup(func() { _, _ = board.Disarm("drill-1") })
	other := drill(map[string]string{"pricing-errors": ""})
	other.ID = "drill-2"
	mustRefuse(t, board, other, Armed)
}

func TestReplacingTheSetEndsOperationsThatItDisarmsAndTakesOverWhatItKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(nil)
		mustArm(t, board, drill(map[string]string{"pricing-errors": "", "error-surge": ""}), false)
		arm(t, board, "pricing-errors")
		if len(board.Operations()) != 0 {
			t.Errorf("%+v", board.Operations())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := board.Armed(); len(got) != 1 || got["pricing-errors"] != "100" {
			t.Errorf("%v: the ttl of the operation ended a fault that was replaced", got)
		}
	})
}

func TestRefusesOperationsThatCouldNotEndOrSayNothing(t *testing.T) {
	board := boardOfNow(nil)
	good := drill(map[string]string{"pricing-errors": ""})
	for _, change := range []func(*Operation){
		func(o *Operation) { o.TTL = 0 },
		func(o *Operation) { o.TTL = MaxTTL + 1 },
		func(o *Operation) { o.ID = "" },
		func(o *Operation) { o.ID = strings.Repeat("x", MaxOperationBytes+1) },
		func(o *Operation) { o.Who = "a\nb" },
		func(o *Operation) { o.Faults = nil },
		func(o *Operation) { o.Faults = map[string]string{"pricing-erors": ""} },
		func(o *Operation) { o.Faults = map[string]string{"pricing-errors": "101"} },
	} {
		bad := good
		change(&bad)
		mustRefuse(t, board, bad, Invalid)
	}
	mustArm(t, board, good, false)
	if _, err := board.Disarm(""); err == nil {
		t.Error("no id disarms something")
	}
	_, _ = board.Disarm(good.ID)
}

func TestPricingErrorsFailTheirShare(t *testing.T) {
	board := boardOfNow(nil)
	if board.PricingError() != nil {
		t.Error("a whole board fails")
	}
	arm(t, board, "pricing-errors")
	if board.PricingError() == nil {
		t.Error("at 100 % an order passes")
	}
	arm(t, board, "pricing-errors:20%")
	failures := 0
	for range 10_000 {
		if board.PricingError() != nil {
			failures++
		}
	}
	// The standard deviation is 40: seven of them on both sides never happen by chance.
	if failures < 1720 || failures > 2280 {
		t.Errorf("%d of 10,000 fail, want about 2,000", failures)
	}
}

func TestTheAdminEndpointArmsAndDisarmsOperations(t *testing.T) {
	board := boardOfNow(nil)
	admin := AdminHandler(board, zap.NewNop())
	ask := func(method, path, body string) (int, string) {
		recorder := httptest.NewRecorder()
		admin.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
		return recorder.Code, recorder.Body.String()
	}
	const body = `{"operation": "a/b#1", "who": "tminus", "ttl": "10m", "faults": {"pricing-errors": "100"}}`
	for range 2 {
		code, text := ask("PUT", "/admin/faults", body)
		var view struct{ Operations []OperationState }
		if err := json.Unmarshal([]byte(text), &view); err != nil || code != 200 || len(view.Operations) != 1 || view.Operations[0].ID != "a/b#1" ||
			view.Operations[0].Faults["pricing-errors"] != "100" || time.Until(view.Operations[0].Until) < 9*time.Minute {
			t.Fatalf("%d %s: %v", code, text, err)
		}
	}
	for wrong, code := range map[string]int{
		strings.Replace(body, `"10m"`, `"9m"`, 1):       http.StatusConflict,
		strings.Replace(body, `a/b#1`, `c`, 1):          http.StatusConflict,
		strings.Replace(body, `"ttl": "10m", `, ``, 1):  http.StatusBadRequest,
		strings.Replace(body, `"ttl"`, `"tll"`, 1):      http.StatusBadRequest,
		strings.Replace(body, `"faults"`, `"fault"`, 1): http.StatusBadRequest,
		`{"faults": null}`:                              http.StatusBadRequest,
		body + `{}`:                                     http.StatusBadRequest,
	} {
		got, text := ask("PUT", "/admin/faults", wrong)
		if got != code || !strings.Contains(text, `"reason"`) {
			t.Errorf("%s answers %d %s, want %d", wrong, got, text, code)
		}
	}
	for range 2 {
		if code, text := ask("DELETE", "/admin/faults?operation="+url.QueryEscape("a/b#1"), ""); code != 200 || !strings.Contains(text, `"armed":{}`) {
			t.Errorf("DELETE answers %d %s", code, text)
		}
	}
	if code, _ := ask("DELETE", "/admin/faults", ""); code != http.StatusBadRequest {
		t.Errorf("DELETE without an operation answers %d", code)
	}
}
