// Command go-api is the lab's target: the shop a countdown load-tests, launches, breaks and rolls back.
//
//	go-api           serve (SIGTERM drains and ends it); after the verb, -switch NAME=true|false sets an emergency switch
//	go-api pricing   serve the pricing service instead
//	go-api migrate   bring DATABASE_URL to the schema and seed it; safe to run again
//	go-api version   print the commit it was built from
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tminus.dev/lab/target/internal/pricing"
	"tminus.dev/lab/target/internal/schema"
	"tminus.dev/lab/target/internal/trace"
)

// Set when linking: -ldflags "-X main.gitSHA=<commit> -X main.gitDirty=<true|false>". A build without them owns up to it: unknown
// and dirty.
var (
	gitSHA   = "unknown"
	gitDirty = "true"
)

// migrateTimeout is far above what the schema takes (under 1 s), so that only a lock held for ever runs into it.
const migrateTimeout = time.Minute

const (
	exitFailed     = 1
	exitWrongUsage = 2
)

func main() {
	startedAt := time.Now()
	config, err := readConfig(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-api:", err)
		os.Exit(exitWrongUsage)
	}
	verb := "serve"
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	if verb == "serve" && len(os.Args) > 1 {
		if config.switchFlags, err = readFlags(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "go-api:", err)
			os.Exit(exitWrongUsage)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	switch verb {
	case "serve":
		err = serve(ctx, config, startedAt)
	case "pricing":
		err = servePricing(ctx, config)
	case "migrate":
		err = migrate(ctx, config)
	case "version":
		fmt.Printf("%s dirty=%s\n", gitSHA, gitDirty)
	default:
		fmt.Fprintf(os.Stderr, "go-api: unknown verb %q; known are serve, pricing, migrate, version\n", verb)
		os.Exit(exitWrongUsage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "go-api:", err)
		os.Exit(exitFailed)
	}
}

// servePricing runs the pricing service until ctx ends.
func servePricing(ctx context.Context, config config) (err error) {
	stop, err := trace.Start(ctx, config.collector, "go-pricing", gitSHA, config.traced)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	listener, err := net.Listen("tcp", config.pricingListen)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}
	return pricing.Serve(ctx, listener)
}

func migrate(ctx context.Context, config config) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	version, err := schema.Migrate(ctx, config.databaseURL)
	if err != nil {
		return err
	}
	fmt.Printf("schema at version %d, users seeded\n", version)
	return nil
}
