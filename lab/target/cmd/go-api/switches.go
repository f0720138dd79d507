package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/drill"
	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/observe"
	"tminus.dev/lab/target/internal/shop"
	"tminus.dev/lab/target/switches"
)

// readFlags reads what follows the verb: -switch NAME=true|false, as often as needed.
func readFlags(arguments []string) (switches.Values, error) {
	values := switches.Values{}
	flags := flag.NewFlagSet("go-api serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error is reported by main
	flags.Var(values, "switch", "set an emergency switch, as in -switch payment=false; may be given several times")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, errors.New("unexpected argument " + flags.Arg(0) + "; only -switch NAME=true|false may follow serve")
	}
	return values, nil
}

// openSwitches reads all layers. Audit lines go where the log goes.
func openSwitches(config config, registry prometheus.Registerer, audit io.Writer, log *zap.Logger) (*switches.Set, error) {
	set, err := switches.Open(switches.Options{
		Definitions: shop.SwitchDefinitions,
		Flags:       config.switchFlags, Environment: config.switchEnvironment, File: config.switchesFile,
		Audit:   audit,
		OnError: func(err error) { log.Error("emergency switches", zap.Error(err)) },
	})
	if err != nil {
		return nil, err
	}
	registry.MustRegister(observe.NewSwitchCollector(set))
	return set, nil
}

// logSwitches logs the switches in force after each change, until ctx ends.
func logSwitches(ctx context.Context, set *switches.Set, log *zap.Logger) {
	changes, end := set.Subscribe()
	defer end()
	for {
		select {
		case <-ctx.Done():
			return
		case snapshot := <-changes:
			fields := make([]zap.Field, 0, len(shop.SwitchDefinitions))
			for _, state := range snapshot.States() {
				fields = append(fields, zap.Bool(state.Name, state.Value))
			}
			log.Info("switches in force", fields...)
		}
	}
}

// adminMux is everything below /admin/.
func adminMux(board *fault.Board, set *switches.Set, mark *drill.Mark, root *zap.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/admin/", http.StripPrefix("/admin", set.Handler()))
	mux.Handle("/admin/faults", fault.AdminHandler(board, root.Named("fault")))
	mux.Handle("/admin/drill", drill.Handler(mark, root.Named("drill")))
	return mux
}
