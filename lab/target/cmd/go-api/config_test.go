package main

import (
	"strings"
	"testing"
	"time"
)

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestAnEmptyEnvironmentMeansPortsAsDocumentedNoSwitchAndNoFault(t *testing.T) {
	c, err := readConfig(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.listen != ":8080" || c.pprofListen != ":6060" || c.adminListen != "" || c.poolMaxConns != 10 || len(c.faults) != 0 ||
		len(c.switchEnvironment) != 0 || c.switchesFile != "" || c.breakerOpen != time.Minute {
		t.Errorf("%+v", c)
	}
}

func TestEveryProblemOfTheEnvironmentIsToldAtOnce(t *testing.T) {
	_, err := readConfig(environment(map[string]string{
		"POOL_MAX_CONNS": "0", "FEATURE_PAYMENT_ENABLED": "maybe", "FAULT": "slow-order,slow-order", "BREAKER_OPEN": "-1s",
	}))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"POOL_MAX_CONNS", "FEATURE_PAYMENT_ENABLED", "FAULT", "BREAKER_OPEN"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not told: %v", name, err)
		}
	}
}
