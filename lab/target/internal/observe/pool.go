package observe

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

type poolFigure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*pgxpool.Stat) float64
}

// poolCollector reads the pool once per scrape, so that all figures are of one moment.
type poolCollector struct {
	stat    func() *pgxpool.Stat
	figures []poolFigure
}

// NewPoolCollector answers the pgx pool's figures. Saturation is read from the counters (acquires that found no idle connection,
// and how long they waited), because a gauge scraped now and then misses bursts.
func NewPoolCollector(stat func() *pgxpool.Stat) prometheus.Collector {
	figure := func(name, help string, kind prometheus.ValueType, read func(*pgxpool.Stat) float64) poolFigure {
		return poolFigure{prometheus.NewDesc("pgxpool_"+name, help, nil, nil), kind, read}
	}
	gauge, counter := prometheus.GaugeValue, prometheus.CounterValue
	return &poolCollector{stat: stat, figures: []poolFigure{
		figure("acquired_conns", "Connections in use now.", gauge, func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
		figure("idle_conns", "Connections open and idle now.", gauge, func(s *pgxpool.Stat) float64 { return float64(s.IdleConns()) }),
		figure("max_conns", "Most connections the pool opens.", gauge, func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
		figure("total_conns", "Connections open or being opened now.", gauge, func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) }),
		figure("acquire_total", "Connections acquired.", counter, func(s *pgxpool.Stat) float64 { return float64(s.AcquireCount()) }),
		figure("acquire_seconds_total", "Time spent acquiring.", counter, func(s *pgxpool.Stat) float64 { return s.AcquireDuration().Seconds() }),
		figure("empty_acquire_total", "Acquires that found no idle connection.", counter, func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
		figure("empty_acquire_wait_seconds_total", "Time those acquires waited.", counter, func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() }),
		figure("canceled_acquire_total", "Acquires given up by their context.", counter, func(s *pgxpool.Stat) float64 { return float64(s.CanceledAcquireCount()) }),
	}}
}

func (c *poolCollector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range c.figures {
		out <- f.desc
	}
}

func (c *poolCollector) Collect(out chan<- prometheus.Metric) {
	stat := c.stat()
	for _, f := range c.figures {
		out <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(stat))
	}
}
