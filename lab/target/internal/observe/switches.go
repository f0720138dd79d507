package observe

import (
	"github.com/prometheus/client_golang/prometheus"

	"tminus.dev/lab/target/switches"
)

type switchCollector struct {
	set        *switches.Set
	on, broken *prometheus.Desc
}

// NewSwitchCollector answers switch_on{name} and switch_file_broken of a set, read at each scrape.
func NewSwitchCollector(set *switches.Set) prometheus.Collector {
	return &switchCollector{
		set: set,
		on:  prometheus.NewDesc("switch_on", "1 while an emergency switch is on, else 0.", []string{"name"}, nil),
		broken: prometheus.NewDesc("switch_file_broken",
			"1 while the file of switches cannot be used and its last good values are in force, else 0.", nil, nil),
	}
}

func (c *switchCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.on
	out <- c.broken
}

func (c *switchCollector) Collect(out chan<- prometheus.Metric) {
	for _, state := range c.set.Snapshot().States() {
		out <- prometheus.MustNewConstMetric(c.on, prometheus.GaugeValue, oneIf(state.Value), state.Name)
	}
	file := c.set.File()
	out <- prometheus.MustNewConstMetric(c.broken, prometheus.GaugeValue, oneIf(file != nil && file.Error != ""))
}

func oneIf(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}
