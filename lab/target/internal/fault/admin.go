package fault

import (
	"encoding/json"
	"net/http"

	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/reply"
)

// adminBodyMostBytes bounds what PUT reads; all faults with long parameters are far below it.
const adminBodyMostBytes = 4 << 10

// AdminHandler serves /admin/faults: GET shows the armed faults and the known ones, PUT with {"slow-order": "400ms"} replaces the
// armed set, {} disarms all. It belongs on the pprof port, never on the one customers reach.
func AdminHandler(board *Board, log *zap.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/faults", func(w http.ResponseWriter, _ *http.Request) {
		reply.JSON(w, http.StatusOK, adminView(board))
	})
	mux.HandleFunc("PUT /admin/faults", func(w http.ResponseWriter, r *http.Request) {
		var wanted map[string]string
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, adminBodyMostBytes)).Decode(&wanted); err != nil {
			reply.JSON(w, http.StatusBadRequest, map[string]string{"error": `the body must be JSON such as {"slow-order": "400ms"}: ` + err.Error()})
			return
		}
		if err := board.Replace(wanted); err != nil {
			reply.JSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		log.Warn("faults replaced", zap.Any("armed", board.Armed()))
		reply.JSON(w, http.StatusOK, adminView(board))
	})
	return mux
}

func adminView(board *Board) map[string]any {
	about := map[string]string{}
	for _, f := range known {
		about[f.Name()] = f.About()
	}
	return map[string]any{"armed": board.Armed(), "known": about}
}
