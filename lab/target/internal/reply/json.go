// Package reply writes the answers every endpoint shares.
package reply

import (
	"encoding/json"
	"net/http"
)

// JSON answers with a status and a body. Once the status is sent nothing can be mended: a client that went away meanwhile is not
// our error, so the encoder's is not told.
func JSON(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
