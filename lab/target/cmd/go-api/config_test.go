package main

import (
	"strings"
	"testing"
)

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestAnEmptyEnvironmentMeansPortsAsDocumentedPaymentsOnAndNoFault(t *testing.T) {
	c, err := readConfig(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.listen != ":8080" || c.pprofListen != ":6060" || c.adminListen != "" || c.poolMaxConns != 10 || !c.payment || len(c.faults) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestEveryProblemOfTheEnvironmentIsToldAtOnce(t *testing.T) {
	_, err := readConfig(environment(map[string]string{"POOL_MAX_CONNS": "0", "FEATURE_PAYMENT_ENABLED": "maybe", "FAULT": "slow-order,slow-order"}))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"POOL_MAX_CONNS", "FEATURE_PAYMENT_ENABLED", "FAULT"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not told: %v", name, err)
		}
	}
}
