package switches

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// MaxBodyBytes is far above a request with the longest allowed `who` and `operation`.
const MaxBodyBytes = 4 << 10

// example is part of every message about a body, because whoever reads it is in a hurry.
const example = `{"value": false, "who": "li.wei", "ttl": "10m"}`

// wireRequest is the body of PUT. Value has to be there; null releases the switch.
type wireRequest struct {
	Value     json.RawMessage `json:"value"`
	Who       string          `json:"who"`
	Expected  *bool           `json:"expected"`
	TTL       *string         `json:"ttl"`
	Operation string          `json:"operation"`
	// ExpectedOperation is Request.ExpectedOperation.
	ExpectedOperation *string `json:"expectedOperation"`
}

// List is the answer of GET /switches.
type List struct {
	Switches []State     `json:"switches"`
	File     *FileReport `json:"file,omitempty"`
}

// problem is the answer to a request that changed nothing.
type problem struct {
	Error string `json:"error"`
	// Reason is a RefusalKind, for programs.
	Reason RefusalKind `json:"reason"`
}

// Handler serves GET /switches, GET /switches/{name} and PUT /switches/{name}. It belongs on a port that only operators reach: `who` is
// recorded and not verified.
func (s *Set) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /switches", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, List{Switches: s.Snapshot().States(), File: s.File()})
	})
	mux.HandleFunc("GET /switches/{name}", func(w http.ResponseWriter, r *http.Request) {
		state, ok := s.Snapshot().State(r.PathValue("name"))
		if !ok {
			refuse(w, &Refusal{Kind: Unknown, Message: fmt.Sprintf("there is no switch %.64q; known are %s", r.PathValue("name"), s.names())})
			return
		}
		answer(w, http.StatusOK, state)
	})
	mux.HandleFunc("PUT /switches/{name}", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBodyBytes))
		if err != nil {
			refuse(w, fmt.Errorf("the body cannot be read or is larger than %d bytes: %w", MaxBodyBytes, err))
			return
		}
		request, err := ParseBody(body)
		if err != nil {
			refuse(w, err)
			return
		}
		request.Name = r.PathValue("name")
		outcome, err := s.Change(request)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, http.StatusOK, outcome)
	})
	return mux
}

// ParseBody reads the body of a PUT. Unknown fields are an error: a mistyped `expected` would drop the guard and the write go through.
func ParseBody(body []byte) (Request, error) {
	var wire wireRequest
	if err := decodeOne(body, &wire); err != nil {
		return Request{}, fmt.Errorf("the body must be JSON such as %s: %w", example, err)
	}
	request := Request{Who: wire.Who, Expected: wire.Expected, ExpectedOperation: wire.ExpectedOperation, Operation: wire.Operation}
	switch string(wire.Value) {
	case "true", "false":
		on := string(wire.Value) == "true"
		request.Value = &on
	case "null":
	case "":
		return Request{}, fmt.Errorf("`value` is missing; it must be true, false, or null to release the switch, as in %s", example)
	default:
		return Request{}, fmt.Errorf("`value` is %.64s; it must be true, false, or null to release the switch", wire.Value)
	}
	if wire.TTL != nil {
		ttl, err := time.ParseDuration(*wire.TTL)
		if err != nil || ttl <= 0 {
			return Request{}, fmt.Errorf("`ttl` is %.64q; it must be a positive duration such as \"10m\"", *wire.TTL)
		}
		request.TTL = ttl
	}
	return request, nil
}

func decodeOne(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the first value")
	}
	return nil
}

var statusOf = map[RefusalKind]int{
	Unknown:         http.StatusNotFound,
	Readonly:        http.StatusForbidden,
	Mismatch:        http.StatusConflict,
	OperationReused: http.StatusConflict,
	Invalid:         http.StatusBadRequest,
}

// refuse answers a *Refusal by its kind and any other error as an invalid request.
func refuse(w http.ResponseWriter, err error) {
	kind := Invalid
	var refusal *Refusal
	if errors.As(err, &refusal) {
		kind = refusal.Kind
	}
	answer(w, statusOf[kind], problem{Error: err.Error(), Reason: kind})
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// The status is sent: a client that went away cannot be answered otherwise.
	_ = json.NewEncoder(w).Encode(body)
}
