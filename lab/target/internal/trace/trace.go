// Package trace makes the shop's spans and sends them to a collector over OTLP, when there is one.
package trace

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

var tracer = otel.Tracer("tminus.dev/lab/target")

// Start makes spans flow to the collector at endpoint (http://host:4318): of one request in so many, decided where a trace begins. An
// empty endpoint means no tracing. The function answered sends what is left and ends it. Attributes in OTEL_RESOURCE_ATTRIBUTES, such
// as the namespace the pod is in, are in every span's resource.
func Start(ctx context.Context, endpoint, service, sha string, share float64) (stop func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	if endpoint == "" {
		return func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(share))),
		// The SDK adds what OTEL_RESOURCE_ATTRIBUTES says.
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName(service), semconv.ServiceVersion(sha))),
	)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// Entry makes the server span of a route.
func Entry(method, route string, next http.Handler) http.Handler {
	name := method + " " + route
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := otel.GetTextMapPropagator().Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route)))
		defer span.End()
		recorder := &codeRecorder{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(recorder, r.WithContext(ctx))
		span.SetAttributes(semconv.HTTPResponseStatusCode(recorder.code))
		if recorder.code >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(recorder.code))
		}
	})
}

type codeRecorder struct {
	http.ResponseWriter
	code int
}

func (c *codeRecorder) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

func (c *codeRecorder) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// Inside makes a span of the shop's own work.
func Inside(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	return begin(ctx, name, trace.SpanKindInternal, attributes)
}

// Call makes the span of a call to a store, such as Redis.
func Call(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	return begin(ctx, name, trace.SpanKindClient, attributes)
}

func begin(ctx context.Context, name string, kind trace.SpanKind, attributes []attribute.KeyValue) (context.Context, func(error)) {
	ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil {
			span.RecordError(err)
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// Postgres makes a span of each statement, and of each wait for a connection.
type Postgres struct{}

var (
	_ pgx.QueryTracer       = Postgres{}
	_ pgxpool.AcquireTracer = Postgres{}
)

type endKey struct{}
type acquireKey struct{}

// TraceQueryStart begins the span of a statement.
func (Postgres) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	ctx, end := Call(ctx, "postgresql query", semconv.DBSystemNamePostgreSQL, semconv.DBQueryText(data.SQL))
	return context.WithValue(ctx, endKey{}, end)
}

// TraceQueryEnd ends it.
func (Postgres) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	endOf(ctx, endKey{}, data.Err)
}

// TraceAcquireStart begins the span of a wait for a connection.
func (Postgres) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	ctx, end := Inside(ctx, "pgxpool acquire")
	return context.WithValue(ctx, acquireKey{}, end)
}

// TraceAcquireEnd ends it.
func (Postgres) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	endOf(ctx, acquireKey{}, data.Err)
}

func endOf(ctx context.Context, key any, err error) {
	if end, ok := ctx.Value(key).(func(error)); ok {
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		end(err)
	}
}
