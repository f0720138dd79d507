package shop

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"tminus.dev/lab/target/internal/observe"
)

// fakeShop is Database, Cache and Faults in one; errors left nil mean that all is well. Only user 1 exists.
type fakeShop struct {
	// guard lets a test change it under background work.
	guard sync.Mutex

	databaseErr, cacheErr, requestErr, pricingErr error
	cached, known24h                              map[int64]Profile
	orders, recorded, payments                    int
	selects                                       int
	retried                                       []Order
}

type fixed bool

func (f fixed) On() bool { return bool(f) }

// normal is the shop's switches in normal operation.
var normal = Switches{Payment: fixed(true), Pricing: fixed(true), CacheOnly: fixed(false), ShedLoad: fixed(false)}

func (f *fakeShop) known(userID int64) error {
	if f.databaseErr != nil {
		return f.databaseErr
	}
	if userID != 1 {
		return ErrNotFound
	}
	return nil
}

func (f *fakeShop) InsertOrder(_ context.Context, order Order) (int64, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.orders++
	return 7, f.known(order.UserID)
}

func (f *fakeShop) SelectProfile(_ context.Context, userID int64) (Profile, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.selects++
	return Profile{UserID: userID, Name: "User 1"}, f.known(userID)
}

func (f *fakeShop) InsertPayment(_ context.Context, payment Payment) (int64, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.payments++
	return 9, f.known(payment.UserID)
}

func (f *fakeShop) RecordOrder(context.Context, Order, func(redis.Pipeliner)) error {
	f.guard.Lock()
	defer f.guard.Unlock()
	f.recorded++
	return f.cacheErr
}

func (f *fakeShop) Profile(_ context.Context, userID int64) (Profile, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	if f.cacheErr != nil {
		return Profile{}, f.cacheErr
	}
	profile, ok := f.cached[userID]
	if !ok {
		return Profile{}, ErrNotFound
	}
	return profile, nil
}

func (f *fakeShop) LastProfile(_ context.Context, userID int64) (Profile, error) {
	f.guard.Lock()
	defer f.guard.Unlock()
	if f.cacheErr != nil {
		return Profile{}, f.cacheErr
	}
	profile, ok := f.known24h[userID]
	if !ok {
		return Profile{}, ErrNotFound
	}
	profile.Stale = true
	return profile, nil
}

func (f *fakeShop) RetryOrder(_ context.Context, order Order) error {
	f.guard.Lock()
	defer f.guard.Unlock()
	if f.cacheErr == nil {
		f.retried = append(f.retried, order)
	}
	return f.cacheErr
}

func (f *fakeShop) StoreProfile(_ context.Context, profile Profile) error {
	f.guard.Lock()
	defer f.guard.Unlock()
	if f.cached == nil {
		f.cached = map[int64]Profile{}
	}
	f.cached[profile.UserID] = profile
	return nil
}

func (f *fakeShop) Order(context.Context) error                  { return nil }
func (f *fakeShop) PricingStall() time.Duration                  { return 0 }
func (f *fakeShop) PricingError() error                          { return f.pricingErr }
func (f *fakeShop) Request(*http.Request) error                  { return f.requestErr }
func (f *fakeShop) OrderPipeline(redis.Pipeliner, *http.Request) {}

const (
	goodOrder   = `{"userId":1,"sku":"a-1","quantity":2,"amountCents":1990}`
	goodPayment = `{"userId":1,"orderId":7,"amountCents":1990}`
)

type shopUnderTest struct {
	mux  *http.ServeMux
	logs *observer.ObservedLogs
}

func open(fake *fakeShop, paymentEnabled bool) shopUnderTest {
	switched := normal
	switched.Payment = fixed(paymentEnabled)
	return openSwitched(fake, switched)
}

func openSwitched(fake *fakeShop, switched Switches) shopUnderTest {
	return openAPI(&API{Database: fake, Cache: fake, Faults: fake, Switches: switched})
}

func openAPI(api *API) shopUnderTest {
	core, logs := observer.New(zap.ErrorLevel)
	api.Log = zap.New(core)
	mux := http.NewServeMux()
	api.Mount(mux, observe.NewHTTP(prometheus.NewRegistry(), Routes()))
	return shopUnderTest{mux, logs}
}

// ask answers the status and the body.
func (s shopUnderTest) ask(method, path, body string) (int, string) {
	recorder := httptest.NewRecorder()
	s.mux.ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	return recorder.Code, strings.TrimSpace(recorder.Body.String())
}

func TestAnOrderIsStoredThenRecordedAndAnswersItsID(t *testing.T) {
	fake := &fakeShop{}
	code, body := open(fake, true).ask("POST", "/api/order/create", goodOrder)
	if code != 200 || body != `{"orderId":7}` || fake.orders != 1 || fake.recorded != 1 {
		t.Errorf("%d %s, %d stored, %d recorded", code, body, fake.orders, fake.recorded)
	}
}

func TestAPaymentIsStoredAndAnswersItsID(t *testing.T) {
	code, body := open(&fakeShop{}, true).ask("POST", "/api/payment/charge", goodPayment)
	if code != 200 || body != `{"paymentId":9}` {
		t.Errorf("%d %s", code, body)
	}
}

func TestPaymentsSwitchedOffAreRefusedWith503AndAreNoErrorInTheLog(t *testing.T) {
	fake := &fakeShop{}
	shop := open(fake, false)
	code, body := shop.ask("POST", "/api/payment/charge", goodPayment)
	if code != http.StatusServiceUnavailable || !strings.Contains(body, "switched off") || fake.payments != 0 || shop.logs.Len() != 0 {
		t.Errorf("%d %s, %d stored, %d errors logged", code, body, fake.payments, shop.logs.Len())
	}
	if code, _ := shop.ask("POST", "/api/order/create", goodOrder); code != 200 {
		t.Errorf("orders answer %d when only payments are off", code)
	}
}

func TestAProfileIsReadFromPostgresOnceThenFromTheCache(t *testing.T) {
	fake := &fakeShop{}
	shop := open(fake, true)
	for range 3 {
		if code, body := shop.ask("GET", "/api/user/profile?id=1", ""); code != 200 || !strings.Contains(body, `"name":"User 1"`) {
			t.Fatalf("%d %s", code, body)
		}
	}
	if fake.selects != 1 {
		t.Errorf("%d selects for three requests, want 1", fake.selects)
	}
}

func TestAProfileIsAnsweredThoughTheCacheIsDown(t *testing.T) {
	shop := open(&fakeShop{cacheErr: errors.New("i/o timeout")}, true)
	if code, _ := shop.ask("GET", "/api/user/profile?id=1", ""); code != 200 {
		t.Errorf("answers %d", code)
	}
	if shop.logs.FilterLoggerName("profile").Len() != 1 {
		t.Error("the cache's failure is not in the log")
	}
}

func TestWhatTheClientGotWrongIsToldAndStoresNothing(t *testing.T) {
	for _, wrong := range []struct {
		method, path, body string
		code               int
	}{
		{"POST", "/api/order/create", `{"userId":1,"sku":"a","quantity":0,"amountCents":1}`, 400},
		{"POST", "/api/order/create", `{"userId":0,"sku":"a","quantity":1,"amountCents":1}`, 400},
		{"POST", "/api/order/create", `{"userId":1,"sku":"","quantity":1,"amountCents":1}`, 400},
		{"POST", "/api/order/create", `{"userId":1,"sku":"a","quantity":1,"amountCents":-1}`, 400},
		{"POST", "/api/order/create", `{"userId":1,"skuu":"a"}`, 400},
		{"POST", "/api/order/create", `nonsense`, 400},
		{"POST", "/api/order/create", `{"sku":"` + strings.Repeat("x", bodyMostBytes) + `"}`, 400},
		{"POST", "/api/payment/charge", `{"userId":1,"amountCents":0}`, 400},
		{"POST", "/api/payment/charge", `{"userId":1,"orderId":-1,"amountCents":5}`, 400},
		{"GET", "/api/user/profile", "", 400},
		{"GET", "/api/user/profile?id=x", "", 400},
		{"GET", "/api/user/profile?id=2", "", 404},
		{"GET", "/api/nowhere", "", 404},
	} {
		fake := &fakeShop{}
		shop := open(fake, true)
		if code, body := shop.ask(wrong.method, wrong.path, wrong.body); code != wrong.code {
			t.Errorf("%s %s %.60s answers %d %s, want %d", wrong.method, wrong.path, wrong.body, code, body, wrong.code)
		}
		if fake.orders+fake.payments+shop.logs.Len() != 0 {
			t.Errorf("%s %.60s stored or logged something", wrong.path, wrong.body)
		}
	}
}

func TestAnUnknownUserIsNotFoundAndNothingIsRecorded(t *testing.T) {
	fake := &fakeShop{}
	code, _ := open(fake, true).ask("POST", "/api/order/create", `{"userId":2,"sku":"a","quantity":1,"amountCents":1}`)
	if code != 404 || fake.recorded != 0 {
		t.Errorf("%d, %d recorded", code, fake.recorded)
	}
}

func TestWhatBreaksAnswers500WithoutDetailsAndIsLoggedByItsModule(t *testing.T) {
	for module, request := range map[string][3]string{
		"order":   {"POST", "/api/order/create", goodOrder},
		"profile": {"GET", "/api/user/profile?id=1", ""},
		"payment": {"POST", "/api/payment/charge", goodPayment},
	} {
		for name, fake := range map[string]*fakeShop{
			"database": {databaseErr: errors.New("password=secret")},
			"fault":    {requestErr: errors.New("password=secret")},
		} {
			shop := open(fake, true)
			code, body := shop.ask(request[0], request[1], request[2])
			if code != 500 || strings.Contains(body, "secret") || shop.logs.FilterLoggerName(module).Len() != 1 {
				t.Errorf("%s with a broken %s: %d %s, %d logged", module, name, code, body, shop.logs.Len())
			}
		}
	}
	shop := open(&fakeShop{cacheErr: errors.New("i/o timeout")}, true)
	if code, _ := shop.ask("POST", "/api/order/create", goodOrder); code != 500 {
		t.Errorf("an order that Redis did not count answers %d", code)
	}
}
