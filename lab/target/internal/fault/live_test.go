package fault

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// ask answers what a request and a probe, both given up after a second, got.
func ask(board *Board) (request error, health *HealthFailure) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	request = board.Request(httptest.NewRequest("POST", "/", strings.NewReader("{}")).WithContext(ctx))
	ctx, cancel = context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return request, board.Health(ctx)
}

func TestALiveFaultBeginsItsDelayAfterArmingAndEndsByItself(t *testing.T) {
	for name, breaks := range map[string]struct{ requests, health bool }{
		"hang":          {requests: true, health: true},
		"hang-handlers": {requests: true},
		"not-ready":     {health: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			board := boardOfNow(nil)
			time.Sleep(time.Hour)
			arm(t, board, name)
			time.Sleep(liveFaultByDefault - time.Millisecond)
			if request, health := ask(board); request != nil || health != nil {
				t.Errorf("%s: before its time a request gets %v, a probe %v", name, request, health)
			}
			time.Sleep(time.Millisecond)
			if request, health := ask(board); (request != nil) != breaks.requests || (health != nil) != breaks.health {
				t.Errorf("%s: a request gets %v, a probe %v", name, request, health)
			}
			time.Sleep(liveFaultLasts)
			synctest.Wait()
			if request, health := ask(board); request != nil || health != nil {
				t.Errorf("%s: after its time a request gets %v, a probe %v", name, request, health)
			}
			_ = board.Replace(nil)
		})
	}
}

func TestAHungRequestWaitsUntilItsClientGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(nil)
		arm(t, board, "hang:1ms")
		time.Sleep(time.Millisecond)
		begin := time.Now()
		_, _ = ask(board)
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("a request and a probe, given up after a second each, took %s", took)
		}
		_ = board.Replace(nil)
	})
}

func TestDisarmingLetsHungRequestsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board := boardOfNow(nil)
		arm(t, board, "hang:1ms")
		time.Sleep(time.Millisecond)
		answered := make(chan error, 1)
		go func() { answered <- board.Request(httptest.NewRequest("GET", "/", nil)) }()
		synctest.Wait()
		if len(answered) != 0 {
			t.Fatal("the request was answered while the fault was armed")
		}
		arm(t, board, "")
		synctest.Wait()
		if len(answered) != 1 {
			t.Fatal("the request still hangs after the fault was disarmed")
		}
		if request, health := ask(board); request != nil || health != nil {
			t.Errorf("disarmed, a request gets %v, a probe %v", request, health)
		}
	})
}
