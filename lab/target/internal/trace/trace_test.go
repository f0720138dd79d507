package trace

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// The analysis tells staging's traces from production's by these attributes, which come from the manifest.
func TestEverySpanTellsTheNamespaceAndDeploymentItWasMadeIn(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=shop-staging,k8s.deployment.name=go-api")
	sent := make(chan []byte, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		sent <- body
	}))
	defer collector.Close()

	stop, err := Start(context.Background(), collector.URL, "go-api", "4f9c2ab", 1)
	if err != nil {
		t.Fatal(err)
	}
	_, end := Inside(context.Background(), "work")
	end(nil)
	// Sends what is left.
	if err := stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	body := <-sent
	for _, text := range []string{"k8s.namespace.name", "shop-staging", "k8s.deployment.name", "service.name", "go-api", "4f9c2ab"} {
		if !bytes.Contains(body, []byte(text)) {
			t.Errorf("%q is not in what was sent", text)
		}
	}
}
