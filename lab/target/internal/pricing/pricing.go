// Package pricing is the shop's second service: it quotes the price of an article over gRPC. Its messages are well-known types, so
// that neither side needs generated code.
package pricing

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	serviceName = "tminus.lab.pricing.v1.Pricing"
	quoteMethod = "/" + serviceName + "/Quote"
	// stallHeader asks the service to take its time: the slow-pricing fault breaks the callee through the caller, which is armed.
	stallHeader = "x-fault-stall"
	stallMost   = 3 * time.Second
	// priceSpanCents keeps quotes within 1 to 100 of the shop's currency.
	priceSpanCents = 9_900
)

// Quoter answers the price of an article in cents.
type Quoter interface {
	Quote(ctx context.Context, sku string) (int64, error)
}

type server struct{}

// Quote makes up a price that is always the same for an article.
func (server) Quote(ctx context.Context, sku string) (int64, error) {
	if sku == "" {
		return 0, status.Error(codes.InvalidArgument, "sku must not be empty")
	}
	if err := stall(ctx); err != nil {
		return 0, err
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(sku)) // a hash never fails
	return 100 + int64(sum.Sum32()%priceSpanCents), nil
}

func stall(ctx context.Context) error {
	asked := metadata.ValueFromIncomingContext(ctx, stallHeader)
	if len(asked) == 0 {
		return nil
	}
	d, err := time.ParseDuration(asked[0])
	if err != nil || d < 0 || d > stallMost {
		return status.Errorf(codes.InvalidArgument, "%s must be a duration of at most %s", stallHeader, stallMost)
	}
	select {
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-time.After(d):
		return nil
	}
}

var description = grpc.ServiceDesc{
	ServiceName: serviceName,
	HandlerType: (*Quoter)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Quote",
		Handler: func(service any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
			sku := new(wrapperspb.StringValue)
			if err := decode(sku); err != nil {
				return nil, err
			}
			quote := func(ctx context.Context, request any) (any, error) {
				cents, err := service.(Quoter).Quote(ctx, request.(*wrapperspb.StringValue).GetValue())
				return wrapperspb.Int64(cents), err
			}
			if intercept == nil {
				return quote(ctx, sku)
			}
			return intercept(ctx, sku, &grpc.UnaryServerInfo{Server: service, FullMethod: quoteMethod}, quote)
		},
	}},
}

// Serve answers quotes and health checks on a listener until ctx ends, then lets calls under way finish.
func Serve(ctx context.Context, listener net.Listener) error {
	s := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler()))
	s.RegisterService(&description, server{})
	healthv1.RegisterHealthServer(s, health.NewServer())
	go func() {
		<-ctx.Done()
		s.GracefulStop()
	}()
	return s.Serve(listener)
}

// Client asks a pricing service.
type Client struct{ connection *grpc.ClientConn }

// Dial answers a client; it connects with the first call, and does not wait for the service.
func Dial(address string) (*Client, error) {
	connection, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
	if err != nil {
		return nil, fmt.Errorf("PRICING_ADDRESS cannot be read: %w", err)
	}
	return &Client{connection}, nil
}

// Quote asks for the price of an article.
func (c *Client) Quote(ctx context.Context, sku string) (int64, error) {
	cents := new(wrapperspb.Int64Value)
	if err := c.connection.Invoke(ctx, quoteMethod, wrapperspb.String(sku), cents); err != nil {
		return 0, fmt.Errorf("pricing: %w", err)
	}
	return cents.GetValue(), nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.connection.Close() }

// WithStall marks the calls of a context to be answered late.
func WithStall(ctx context.Context, d time.Duration) context.Context {
	return metadata.AppendToOutgoingContext(ctx, stallHeader, d.String())
}
