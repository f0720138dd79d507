package shop

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"tminus.dev/lab/target/switches"
)

// countedPrices is a pricing service that counts its calls.
type countedPrices struct {
	guard *sync.Mutex
	calls int
	err   error
}

func (p *countedPrices) Quote(context.Context, string) (int64, error) {
	p.guard.Lock()
	defer p.guard.Unlock()
	p.calls++
	return 100, p.err
}

func TestTheDefaultsOfTheSwitchesAreTheShopInNormalOperation(t *testing.T) {
	set, err := switches.Open(switches.Options{Definitions: SwitchDefinitions})
	if err != nil {
		t.Fatal(err)
	}
	of := SwitchesOf(set)
	on := []bool{of.Payment.On(), of.Pricing.On(), of.CacheOnly.On(), of.ShedLoad.On(), set.Switch(SwitchStayReady).On(), set.Switch(SwitchBreakers).On()}
	if want := []bool{true, true, false, false, false, true}; !slices.Equal(on, want) {
		t.Errorf("%v, want %v", on, want)
	}
}

func TestASwitchTurnedAtRunTimeChangesTheNextRequest(t *testing.T) {
	set, err := switches.Open(switches.Options{Definitions: SwitchDefinitions})
	if err != nil {
		t.Fatal(err)
	}
	shop := openSwitched(&fakeShop{}, SwitchesOf(set))
	for _, on := range []bool{true, false, true} {
		if _, err := set.Change(switches.Request{Name: "payment", Value: &on, Who: "test"}); err != nil {
			t.Fatal(err)
		}
		if code, body := shop.ask("POST", "/api/payment/charge", goodPayment); (code == 200) != on {
			t.Errorf("payment on %t: %d %s", on, code, body)
		}
	}
}

func TestOrdersDoNotAskForAPriceWhilePricingIsSwitchedOff(t *testing.T) {
	for _, on := range []bool{true, false} {
		fake, prices, switched := &fakeShop{}, &countedPrices{guard: &sync.Mutex{}}, normal
		switched.Pricing = fixed(on)
		shop := openAPI(&API{Database: fake, Cache: fake, Faults: fake, Prices: prices, Switches: switched})
		if code, _ := shop.ask("POST", "/api/order/create", goodOrder); code != 200 || (prices.calls == 1) != on {
			t.Errorf("pricing on %t: answers %d after %d quotes", on, code, prices.calls)
		}
	}
}

func TestAFailingPriceIsRelievedByThePricingSwitch(t *testing.T) {
	for _, on := range []bool{true, false} {
		fake, prices, switched := &fakeShop{pricingErr: errors.New("pricing-errors")}, &countedPrices{guard: &sync.Mutex{}}, normal
		switched.Pricing = fixed(on)
		shop := openAPI(&API{Database: fake, Cache: fake, Faults: fake, Prices: prices, Switches: switched})
		if code, _ := shop.ask("POST", "/api/order/create", goodOrder); (code == 500) != on || prices.calls != 0 {
			t.Errorf("pricing on %t: answers %d after %d quotes", on, code, prices.calls)
		}
		if code, _ := shop.ask("POST", "/api/payment/charge", goodPayment); code != 200 {
			t.Errorf("pricing on %t: a payment answers %d", on, code)
		}
	}
}

func TestSwitchedToTheCacheProfilesNeverReachPostgres(t *testing.T) {
	switched := normal
	switched.CacheOnly = fixed(true)
	fake := &fakeShop{known24h: map[int64]Profile{1: {UserID: 1, Name: "User 1"}}}
	shop := openSwitched(fake, switched)
	if code, body := shop.ask("GET", "/api/user/profile?id=1", ""); code != 200 || !strings.Contains(body, `"stale":true`) {
		t.Errorf("a known one: %d %s", code, body)
	}
	if code, body := shop.ask("GET", "/api/user/profile?id=2", ""); code != 503 || !strings.Contains(body, systemBusy) {
		t.Errorf("one the cache does not have: %d %s", code, body)
	}
	fake.cached = map[int64]Profile{1: {UserID: 1}}
	if code, body := shop.ask("GET", "/api/user/profile?id=1", ""); code != 200 || strings.Contains(body, "stale") {
		t.Errorf("a fresh one: %d %s", code, body)
	}
	fake.cacheErr = errors.New("i/o timeout")
	if code, _ := shop.ask("GET", "/api/user/profile?id=1", ""); code != 500 {
		t.Errorf("without the cache: %d", code)
	}
	if fake.selects != 0 {
		t.Errorf("%d selects", fake.selects)
	}
}

func TestSheddingLoadRefusesProfilesAndNothingElse(t *testing.T) {
	switched := normal
	switched.ShedLoad = fixed(true)
	shop := openSwitched(&fakeShop{}, switched)
	for path, want := range map[string]int{"/api/user/profile?id=1": 503, "/api/order/create": 200, "/api/payment/charge": 200} {
		method, body := "POST", goodOrder
		switch path {
		case "/api/user/profile?id=1":
			method = "GET"
		case "/api/payment/charge":
			body = goodPayment
		}
		if code, answer := shop.ask(method, path, body); code != want {
			t.Errorf("%s answers %d %s", path, code, answer)
		}
	}
	if shop.logs.Len() != 0 {
		t.Errorf("%d errors logged", shop.logs.Len())
	}
}
