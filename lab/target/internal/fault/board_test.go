package fault

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
)

func boardOfNow(exit func(int)) *Board {
	return NewBoard(Process{StartedAt: time.Now(), Exit: exit})
}

func arm(t *testing.T, board *Board, setting string) {
	t.Helper()
	wanted, err := ParseSetting(setting)
	if err != nil {
		t.Fatal(err)
	}
	if err := board.Replace(wanted); err != nil {
		t.Fatal(err)
	}
}

func TestABoardIsHarmlessUntilArmed(t *testing.T) {
	board := boardOfNow(nil)
	if len(board.Armed()) != 0 || board.Health(t.Context()) != nil || board.Request(httptest.NewRequest("GET", "/", nil)) != nil {
		t.Fatal("a new board breaks something")
	}
}

func TestReadsTheSettingOfOneSeveralAndNoFaults(t *testing.T) {
	for setting, want := range map[string]map[string]string{
		"":                             {},
		"slow-order":                   {"slow-order": "400ms"},
		"slow-order:250ms":             {"slow-order": "250ms"},
		"error-surge:5%":               {"error-surge": "5"},
		"slow-start, error-surge":      {"slow-start": "15s", "error-surge": "20"},
		"broken-image,crash-loop:1h,,": {"broken-image": "", "crash-loop": "1h0m0s"},
	} {
		board := boardOfNow(func(int) {})
		arm(t, board, setting)
		got := board.Armed()
		if len(got) != len(want) {
			t.Errorf("%q arms %v, want %v", setting, got, want)
		}
		for name, parameter := range want {
			if got[name] != parameter {
				t.Errorf("%q arms %s with %q, want %q", setting, name, got[name], parameter)
			}
		}
		_ = board.Replace(nil)
	}
	if _, err := ParseSetting("slow-order,slow-order:1s"); err == nil {
		t.Error("a fault named twice is accepted")
	}
}

func TestRefusesWhatItCannotDoAndLeavesEverythingAsItWas(t *testing.T) {
	board := boardOfNow(nil)
	arm(t, board, "slow-order:250ms")
	for name, parameter := range map[string]string{
		"slow-ordre": "", "slow-order": "3s", "error-surge": "NaN", "broken-image": "x", "slow-start": "-1s", "crash-loop": "soon",
	} {
		if err := board.Replace(map[string]string{name: parameter}); err == nil {
			t.Errorf("%s:%s is accepted", name, parameter)
		}
	}
	if got := board.Armed(); len(got) != 1 || got["slow-order"] != "250ms" {
		t.Errorf("after refusals %v is armed", got)
	}
	err := board.Replace(map[string]string{"error-surge": "", "slow-ordre": ""})
	if got := board.Armed(); len(got) != 1 || got["slow-order"] != "250ms" {
		t.Errorf("half of a refused set took effect: %v is armed", got)
	}
	if err == nil || !strings.Contains(err.Error(), "slow-order") {
		t.Errorf("the refusal of an unknown name does not list the known ones: %v", err)
	}
}

func TestCrashLoopExitsWithOneAfterOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exits := make(chan int, 1)
		arm(t, boardOfNow(func(code int) { exits <- code }), "crash-loop")
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		if len(exits) != 0 {
			t.Fatal("exits too early")
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		if len(exits) != 1 || <-exits != 1 {
			t.Fatal("does not exit with code 1 after a second")
		}
	})
}

func TestADisarmedCrashLoopDoesNotExit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(func(int) { t.Error("exited") })
		arm(t, board, "crash-loop")
		arm(t, board, "")
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}

func TestArmingTheSameAgainDoesNotStartItAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var exits int
		board := boardOfNow(func(int) { exits++ })
		arm(t, board, "crash-loop")
		time.Sleep(600 * time.Millisecond)
		arm(t, board, "crash-loop:1s,slow-start")
		time.Sleep(600 * time.Millisecond)
		synctest.Wait()
		if exits != 1 {
			t.Fatalf("%d exits 1.2 s after arming, want 1", exits)
		}
	})
}

func TestErrorSurgeLeavesTheFirstFiveSecondsAloneThenFailsItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const requests = 10_000
		board := boardOfNow(nil)
		arm(t, board, "error-surge")
		failures := func() (n int) {
			for range requests {
				if board.Request(httptest.NewRequest("GET", "/", nil)) != nil {
					n++
				}
			}
			return n
		}
		time.Sleep(5*time.Second - time.Millisecond)
		if n := failures(); n != 0 {
			t.Errorf("%d failures within the first five seconds", n)
		}
		time.Sleep(time.Millisecond)
		// 20 % of 10,000 with a standard deviation of 40: seven of them on both sides never happen by chance
		if n := failures(); n < 1720 || n > 2280 {
			t.Errorf("%d of %d requests fail, want about 2,000", n, requests)
		}
		if board.Health(t.Context()) != nil {
			t.Error("an error surge reaches /healthz")
		}
	})
}

func TestSlowStartEndsBrokenImageDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, broken := boardOfNow(nil), boardOfNow(nil)
		arm(t, slow, "slow-start")
		arm(t, broken, "broken-image")
		time.Sleep(15*time.Second - time.Millisecond)
		if failure := slow.Health(t.Context()); failure == nil || failure.Code != http.StatusServiceUnavailable {
			t.Errorf("before 15 s slow-start answers %v", failure)
		}
		time.Sleep(time.Hour)
		if failure := slow.Health(t.Context()); failure != nil {
			t.Errorf("after an hour slow-start answers %v", failure)
		}
		if failure := broken.Health(t.Context()); failure == nil || failure.Code != http.StatusInternalServerError {
			t.Errorf("after an hour broken-image answers %v", failure)
		}
	})
}

func TestTheAdminEndpointShowsReplacesAndRefuses(t *testing.T) {
	board := boardOfNow(nil)
	admin := AdminHandler(board, zap.NewNop())
	ask := func(method, body string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		admin.ServeHTTP(recorder, httptest.NewRequest(method, "/admin/faults", strings.NewReader(body)))
		return recorder
	}
	if got := ask("GET", ""); got.Code != 200 || !strings.Contains(got.Body.String(), `"armed":{}`) {
		t.Errorf("GET of a whole shop answers %d %s", got.Code, got.Body)
	}
	if got := ask("PUT", `{"slow-order":"400ms"}`); got.Code != 200 || !strings.Contains(got.Body.String(), `"armed":{"slow-order":"400ms"}`) {
		t.Errorf("PUT answers %d %s", got.Code, got.Body)
	}
	for _, body := range []string{`{"slow-ordre":""}`, `{"slow-order":400}`, `not JSON`, `{"slow-order":"` + strings.Repeat("x", adminBodyMostBytes) + `"}`} {
		if got := ask("PUT", body); got.Code != http.StatusBadRequest {
			t.Errorf("PUT %.20s answers %d", body, got.Code)
		}
	}
	if got := board.Armed()["slow-order"]; got != "400ms" {
		t.Errorf("refused bodies changed the armed fault to %q", got)
	}
	if ask("PUT", `{}`); len(board.Armed()) != 0 {
		t.Error("{} does not disarm")
	}
}

func TestEveryFaultIsNamedOnceAndExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range known {
		if seen[f.Name()] || f.About() == "" {
			t.Errorf("fault %q is there twice or says nothing about itself", f.Name())
		}
		seen[f.Name()] = true
	}
}
