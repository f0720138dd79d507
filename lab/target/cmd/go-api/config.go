package main

import (
	"errors"
	"fmt"
	"strconv"

	"tminus.dev/lab/target/internal/fault"
)

// poolMaxConnsByDefault: three replicas and a load of 300 requests/s need about 1 connection each (rate times 3 ms held); ten
// leave room for bursts. All are kept open, so 3 production, 3 staging and 1 surging pod hold 70 of PostgreSQL's default of 100.
const poolMaxConnsByDefault = 10

// tracedByDefault is enough for some hundred traces of a load test of 30 s, and costs the shop under one in a hundred of its CPU.
const tracedByDefault = "0.1"

type config struct {
	databaseURL  string
	redisURL     string
	listen       string
	pprofListen  string
	adminListen  string // empty: the admin endpoint is served on the pprof port
	poolMaxConns int32
	payment      bool
	// pricing is where the pricing service answers (host:port), and where it listens; empty: there is none.
	pricing       string
	pricingListen string
	// collector takes spans over OTLP (http://host:4318); empty: none are made.
	collector string
	// traced is the share of requests whose spans are made, 0 to 1.
	traced float64
	faults map[string]string
}

// readConfig reads the environment and tells every problem at once.
func readConfig(lookup func(string) (string, bool)) (config, error) {
	var problems []error
	text := func(name, byDefault string) string {
		if value, ok := lookup(name); ok && value != "" {
			return value
		}
		return byDefault
	}
	c := config{
		databaseURL: text("DATABASE_URL", "postgres://shop@127.0.0.1:5432/shop"),
		redisURL:    text("REDIS_URL", "redis://127.0.0.1:6379/0"),
		listen:      text("LISTEN", ":8080"),
		pprofListen: text("PPROF_LISTEN", ":6060"),
		adminListen: text("ADMIN_LISTEN", ""),

		pricing:       text("PRICING_ADDRESS", ""),
		pricingListen: text("PRICING_LISTEN", ":9000"),
		collector:     text("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
	}
	conns, err := strconv.ParseInt(text("POOL_MAX_CONNS", strconv.Itoa(poolMaxConnsByDefault)), 10, 32)
	if err != nil || conns < 1 {
		problems = append(problems, fmt.Errorf("POOL_MAX_CONNS must be a positive number, not %q", text("POOL_MAX_CONNS", "")))
	}
	c.poolMaxConns = int32(conns)
	c.traced, err = strconv.ParseFloat(text("TRACED_SHARE", tracedByDefault), 64)
	if err != nil || !(c.traced >= 0 && c.traced <= 1) {
		problems = append(problems, fmt.Errorf("TRACED_SHARE must be 0 to 1, not %q", text("TRACED_SHARE", "")))
	}
	c.payment, err = strconv.ParseBool(text("FEATURE_PAYMENT_ENABLED", "true"))
	if err != nil {
		problems = append(problems, fmt.Errorf("FEATURE_PAYMENT_ENABLED must be true or false, not %q", text("FEATURE_PAYMENT_ENABLED", "")))
	}
	c.faults, err = fault.ParseSetting(text("FAULT", ""))
	if err != nil {
		problems = append(problems, err)
	}
	return c, errors.Join(problems...)
}
