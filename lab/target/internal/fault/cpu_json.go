package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

const (
	// A catalogue of 12,000 articles takes about 30 ms of CPU to read and write again: 150 orders/s ask for more than four cores, of the two
	// that the lab's machine has for everything. With 4,000 a quick machine kept the limit.
	cpuJSONByDefault = 12_000
	cpuJSONMost      = 1_000_000
)

type article struct {
	SKU   string            `json:"sku"`
	Cents int64             `json:"cents"`
	Tags  []string          `json:"tags"`
	Names map[string]string `json:"names"`
}

// cpuJSON reads and writes a whole catalogue as JSON for each order.
type cpuJSON struct{}

func (cpuJSON) Name() string { return "cpu-json" }

func (cpuJSON) About() string {
	return "each order reads and writes a catalogue as JSON; parameter: articles in it, default 12000"
}

func (cpuJSON) Prepare(parameter string, _ Process) (Effect, error) {
	articles, err := parseCount(parameter, cpuJSONByDefault, cpuJSONMost)
	if err != nil {
		return Effect{}, err
	}
	catalogue := make([]article, articles)
	for n := range catalogue {
		catalogue[n] = article{
			SKU: fmt.Sprint("sku-", n), Cents: int64(n), Tags: []string{"new", "sale"},
			Names: map[string]string{"en": fmt.Sprint("article ", n)},
		}
	}
	stored, err := json.Marshal(catalogue)
	if err != nil {
		return Effect{}, err
	}
	return Effect{
		Parameter: strconv.Itoa(articles),
		Order:     func(context.Context) error { return reprice(stored) },
	}, nil
}

func reprice(stored []byte) error {
	var catalogue []article
	if err := json.Unmarshal(stored, &catalogue); err != nil {
		return err
	}
	for n := range catalogue {
		catalogue[n].Cents++
	}
	_, err := json.Marshal(catalogue)
	return err
}
