package fault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/reply"
)

const (
	// adminBodyMostBytes bounds what PUT reads; all faults with long parameters are far below it.
	adminBodyMostBytes = 4 << 10
	exampleSet         = `{"slow-order": "400ms"}`
	exampleOperation   = `{"operation": "drill-1", "who": "li.wei", "ttl": "10m", "faults": {"pricing-errors": "100"}}`
)

// AdminHandler serves /admin/faults. GET shows the armed faults, the operations and the known faults. PUT with {"slow-order": "400ms"} replaces
// the armed set, {} disarms all; PUT with an operation arms its faults beside the others until its ttl ends; DELETE with ?operation= disarms
// those of an operation. It belongs on the pprof port, never on the one customers reach.
func AdminHandler(board *Board, log *zap.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/faults", func(w http.ResponseWriter, _ *http.Request) {
		reply.JSON(w, http.StatusOK, adminView(board))
	})
	mux.HandleFunc("PUT /admin/faults", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, adminBodyMostBytes))
		if err == nil {
			err = put(board, body, log)
		}
		answer(w, board, err)
	})
	mux.HandleFunc("DELETE /admin/faults", func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("operation")
		disarmed, err := board.Disarm(id)
		if disarmed {
			log.Warn("[DRILL] faults disarmed", zap.String("operation", id))
		}
		answer(w, board, err)
	})
	return mux
}

// put replaces the armed set, or arms an operation: the field `faults` tells the two apart.
func put(board *Board, body []byte, log *zap.Logger) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return fmt.Errorf("the body must be JSON such as %s: %w", exampleSet, err)
	}
	if _, isOperation := fields["faults"]; isOperation {
		return armOperation(board, body, log)
	}
	var wanted map[string]string
	if err := json.Unmarshal(body, &wanted); err != nil {
		return fmt.Errorf("the body must be JSON such as %s or %s: %w", exampleSet, exampleOperation, err)
	}
	if err := board.Replace(wanted); err != nil {
		return err
	}
	log.Warn("faults replaced", zap.Any("armed", board.Armed()))
	return nil
}

func armOperation(board *Board, body []byte, log *zap.Logger) error {
	operation, err := readOperation(body)
	if err != nil {
		return err
	}
	log = log.With(zap.String("operation", operation.ID))
	repeated, err := board.Arm(operation, func() { log.Warn("[DRILL] faults disarmed by their ttl") })
	if err == nil && !repeated {
		log.Warn("[DRILL] faults armed", zap.Any("faults", operation.Faults), zap.String("who", operation.Who), zap.Duration("ttl", operation.TTL))
	}
	return err
}

// readOperation reads an operation. Unknown fields are an error: a mistyped `ttl` would leave the faults armed for good.
func readOperation(body []byte) (Operation, error) {
	var wire struct {
		Operation string            `json:"operation"`
		Who       string            `json:"who"`
		TTL       string            `json:"ttl"`
		Faults    map[string]string `json:"faults"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&wire); err != nil {
		return Operation{}, fmt.Errorf("the body must be JSON such as %s: %w", exampleOperation, err)
	}
	ttl, err := time.ParseDuration(wire.TTL)
	if err != nil {
		return Operation{}, fmt.Errorf("`ttl` is %.64q; it must be a duration such as \"10m\"", wire.TTL)
	}
	return Operation{ID: wire.Operation, Who: wire.Who, Faults: wire.Faults, TTL: ttl}, nil
}

// answer shows the board, or why nothing was changed.
func answer(w http.ResponseWriter, board *Board, err error) {
	if err == nil {
		reply.JSON(w, http.StatusOK, adminView(board))
		return
	}
	kind, code := Invalid, http.StatusBadRequest
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) && refusal.Kind != Invalid {
		kind, code = refusal.Kind, http.StatusConflict
	}
	reply.JSON(w, code, map[string]string{"error": err.Error(), "reason": string(kind)})
}

func adminView(board *Board) map[string]any {
	about := map[string]string{}
	for _, f := range known {
		about[f.Name()] = f.About()
	}
	return map[string]any{"armed": board.Armed(), "operations": board.Operations(), "known": about}
}
