package switches

import (
	"sync/atomic"
	"testing"
)

func TestReadingASwitchAllocatesNothing(t *testing.T) {
	set, _ := open(t, Options{})
	payment := set.Switch("payment")
	if allocations := testing.AllocsPerRun(1_000, func() { _ = payment.On() }); allocations != 0 {
		t.Errorf("%v allocations per read", allocations)
	}
}

// BenchmarkRead measures a read of a switch and of a bare atomic pointer, and reports the ratio: go test -bench Read -benchmem ./switches
func BenchmarkRead(b *testing.B) {
	set, err := Open(Options{Definitions: definitions})
	if err != nil {
		b.Fatal(err)
	}
	payment := set.Switch("payment")
	var bare atomic.Pointer[bool]
	bare.Store(to(true))
	var on, perBare int64
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if *bare.Load() {
				on++
			}
		}
		perBare = b.Elapsed().Nanoseconds() * 1_000 / int64(b.N)
	})
	b.Run("switch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if payment.On() {
				on++
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds()*1_000/int64(b.N))/float64(perBare), "x-bare")
	})
}
