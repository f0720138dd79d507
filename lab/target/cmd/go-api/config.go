package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"tminus.dev/lab/target/internal/breaker"
	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/shop"
	"tminus.dev/lab/target/switches"
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
	// pricing is where the pricing service answers (host:port), and where it listens; empty: there is none.
	pricing       string
	pricingListen string
	// collector takes spans over OTLP (http://host:4318); empty: none are made.
	collector string
	// traced is the share of requests whose spans are made, 0 to 1.
	traced float64
	faults map[string]string
	// breakerOpen is how long a circuit breaker stays open.
	breakerOpen time.Duration
	// Layers of the emergency switches; switchesFile is empty where there is none.
	switchFlags, switchEnvironment map[string]bool
	switchesFile                   string
}

// readConfig reads the environment and reports every problem at once.
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

		switchesFile: text("SWITCHES_FILE", ""),
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
	c.breakerOpen, err = time.ParseDuration(text("BREAKER_OPEN", breaker.OpenByDefault.String()))
	if err != nil || c.breakerOpen <= 0 {
		problems = append(problems, fmt.Errorf("BREAKER_OPEN must be a positive duration such as 60s, not %q", text("BREAKER_OPEN", "")))
	}
	c.switchEnvironment, err = switches.ReadEnvironment(shop.SwitchDefinitions, lookup)
	if err != nil {
		problems = append(problems, err)
	}
	c.faults, err = fault.ParseSetting(text("FAULT", ""))
	if err != nil {
		problems = append(problems, err)
	}
	return c, errors.Join(problems...)
}
