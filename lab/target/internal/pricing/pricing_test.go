package pricing

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func serve(t *testing.T) *Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- Serve(ctx, listener) }()
	client, err := Dial(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestAnArticleHasOnePrice(t *testing.T) {
	client := serve(t)
	first, err := client.Quote(t.Context(), "sku-1")
	if err != nil || first < 100 {
		t.Fatalf("%d, %v", first, err)
	}
	if again, err := client.Quote(t.Context(), "sku-1"); err != nil || again != first {
		t.Errorf("%d, %v, want %d again", again, err, first)
	}
	if _, err := client.Quote(t.Context(), ""); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no article: %v", err)
	}
}

func TestAStallTakesAsLongAsAskedAndEndsWithItsCaller(t *testing.T) {
	client := serve(t)
	begin := time.Now()
	if _, err := client.Quote(WithStall(t.Context(), 150*time.Millisecond), "sku-1"); err != nil || time.Since(begin) < 150*time.Millisecond {
		t.Errorf("answered after %s, %v", time.Since(begin), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Quote(WithStall(ctx, time.Second), "sku-1"); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("given up: %v", err)
	}
}
