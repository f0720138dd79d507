package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"tminus.dev/lab/target/internal/drill"
	"tminus.dev/lab/target/internal/fault"
	"tminus.dev/lab/target/internal/health"
	"tminus.dev/lab/target/internal/observe"
	"tminus.dev/lab/target/internal/reply"
	"tminus.dev/lab/target/internal/shop"
	"tminus.dev/lab/target/internal/trace"
	"tminus.dev/lab/target/switches"
)

const (
	// drainTime keeps serving after SIGTERM: the pod's end and the Service's iptables rules change at the same moment, not in
	// order, and kube-proxy needs a second or two.
	drainTime = 2 * time.Second
	// shutdownTimeout is twice the longest request, and ends with drainTime well within Kubernetes' 30 s grace period.
	shutdownTimeout = 10 * time.Second
	// idleTimeout is longer than any client of ours keeps an idle connection (90 s), so that the client closes first and no
	// request is written to a connection closing under it.
	idleTimeout       = 2 * time.Minute
	readHeaderTimeout = 5 * time.Second
	writeTimeout      = 30 * time.Second
	// One in five contended locks, and blocked times from 10 µs on, are recorded: under one in a hundred of the CPU at the lab's load.
	mutexProfileFraction = 5
	blockProfileRateNs   = 10_000
)

// serve runs the shop until ctx ends, then drains.
func serve(ctx context.Context, config config, startedAt time.Time) error {
	dirty := gitDirty != "false"
	registry := observe.NewRegistry(gitSHA, dirty)
	out := zapcore.Lock(os.Stdout)
	root := observe.NewLogger(registry, out).With(zap.String("sha", gitSHA))
	log := root.Named("main")

	runtime.SetMutexProfileFraction(mutexProfileFraction)
	runtime.SetBlockProfileRate(blockProfileRateNs)
	stopTracing, err := trace.Start(ctx, config.collector, "go-api", gitSHA, config.traced)
	if err != nil {
		return err
	}
	defer func() {
		if err := stopTracing(context.WithoutCancel(ctx)); err != nil {
			log.Error("the last spans were not sent", zap.Error(err))
		}
	}()
	set, err := openSwitches(config, registry, out, root.Named("switches"))
	if err != nil {
		return err
	}
	defer set.Close()
	needs, err := openDependencies(ctx, config, registry, root)
	if err != nil {
		return err
	}
	defer needs.close()
	board := fault.NewBoard(fault.Process{StartedAt: startedAt, Exit: os.Exit, Database: needs.pool})
	if err := board.Replace(config.faults); err != nil {
		return fmt.Errorf("FAULT: %w", err)
	}
	api := &shop.API{Faults: board, Switches: shop.SwitchesOf(set), Log: root}
	runGuards := needs.connect(api, set.Switch(shop.SwitchBreakers).On(), config, registry)
	healthz := health.Handler(health.Options{
		Version: gitSHA, Checks: needs.checks(), Board: board, StayReady: set.Switch(shop.SwitchStayReady).On, Log: root.Named("health"),
	})
	var draining atomic.Bool
	public := &http.Server{
		Addr:              config.listen,
		Handler:           closeWhileDraining(&draining, publicMux(registry, api, healthz, dirty)),
		ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog: zap.NewStdLog(root.Named("http")),
	}
	admin := adminMux(board, set, drill.NewMark(registry), root)
	servers := append([]*http.Server{public}, internalServers(config, admin)...)

	failed := make(chan error, len(servers))
	for _, server := range servers {
		listener, err := net.Listen("tcp", server.Addr)
		if err != nil {
			return fmt.Errorf("cannot listen: %w", err)
		}
		go func() { failed <- server.Serve(listener) }()
	}
	stopBackground := background(ctx, runGuards,
		func(ctx context.Context) { set.Watch(ctx, switches.PollInterval) },
		func(ctx context.Context) { logSwitches(ctx, set, root.Named("switches")) })
	defer stopBackground()
	log.Info("serving", zap.Bool("dirty", dirty), zap.String("listen", config.listen), zap.String("pprof", config.pprofListen),
		zap.Any("faults", board.Armed()), zap.Bool("payment", api.Switches.Payment.On()))

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("draining", zap.Duration("for", drainTime))
	draining.Store(true)
	time.Sleep(drainTime)
	return shutdown(servers, log)
}

// background runs work beside the servers; the function it returns ends it and waits for it. It outlives ctx: requests that are still
// answered while the process drains may record orders.
func background(ctx context.Context, works ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	for _, work := range works {
		all.Go(func() { work(ctx) })
	}
	return func() {
		cancel()
		all.Wait()
	}
}

func shutdown(servers []*http.Server, log *zap.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var problems []error
	for _, server := range servers {
		problems = append(problems, server.Shutdown(ctx))
	}
	log.Info("stopped")
	return errors.Join(problems...)
}

// publicMux is what customers, probes and Prometheus reach.
func publicMux(registry *prometheus.Registry, api *shop.API, healthz http.Handler, dirty bool) http.Handler {
	mux := http.NewServeMux()
	api.Mount(mux, observe.NewHTTP(registry, shop.Routes()))
	mux.Handle("GET /healthz", healthz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		reply.JSON(w, http.StatusOK, map[string]string{"sha": gitSHA, "dirty": strconv.FormatBool(dirty), "go": runtime.Version()})
	})
	return mux
}

// internalServers are what only operators reach: pprof, and the admin endpoint beside it unless it has a port of its own. They have
// no write timeout, because a CPU profile takes as long as asked.
func internalServers(config config, admin http.Handler) []*http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	servers := []*http.Server{{Addr: config.pprofListen, Handler: mux, ReadHeaderTimeout: readHeaderTimeout}}
	if config.adminListen == "" {
		mux.Handle("/admin/", admin)
		return servers
	}
	return append(servers, &http.Server{Addr: config.adminListen, Handler: admin, ReadHeaderTimeout: readHeaderTimeout})
}

// closeWhileDraining asks clients to give up their connections, one answer at a time. Closing idle ones from this side
// (SetKeepAlivesEnabled(false)) would race with requests on their way: the errors a rolling update must not show.
func closeWhileDraining(draining *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
