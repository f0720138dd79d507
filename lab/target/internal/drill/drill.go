// Package drill marks a process as part of a drill: while an id is set, /metrics has tminus_drill{id} 1, which an alert rule joins so that
// the alerts of a drill carry its label. The mark ends by itself.
package drill

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"tminus.dev/lab/target/internal/reply"
)

const (
	// maxTTL is longer than any drill.
	maxTTL = 24 * time.Hour
	// maxBodyBytes is far above the longest id and TTL.
	maxBodyBytes = 4 << 10
)

// goodID keeps the label printable and short: it stands in every alert of the drill.
var goodID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}$`)

// ErrBusy is the error of a mark while another drill is on.
var ErrBusy = errors.New("another drill is on")

// Mark is the id of the drill that the process is part of, if any.
type Mark struct {
	guard sync.Mutex
	id    string
	until time.Time
	desc  *prometheus.Desc
}

// NewMark registers tminus_drill. Without a drill it has no series.
func NewMark(registry prometheus.Registerer) *Mark {
	m := &Mark{desc: prometheus.NewDesc("tminus_drill", "1 while this process is part of the drill with that id.", []string{"id"}, nil)}
	registry.MustRegister(m)
	return m
}

// Set marks the process for a time. The same id again moves the end; another one is refused with ErrBusy until the first has ended.
func (m *Mark) Set(id string, ttl time.Duration) error {
	if !goodID.MatchString(id) {
		return fmt.Errorf("`id` is %.64q; it must be 1 to 200 letters, digits or ._:/@+-", id)
	}
	if ttl <= 0 || ttl > maxTTL {
		return fmt.Errorf("`ttl` is %s; it must be more than 0 and at most %s", ttl, maxTTL)
	}
	m.guard.Lock()
	defer m.guard.Unlock()
	if current, on := m.current(); on && current != id {
		return fmt.Errorf("%w: %s until %s", ErrBusy, current, m.until.UTC().Format(time.RFC3339))
	}
	m.id, m.until = id, time.Now().Add(ttl)
	return nil
}

// Clear ends the drill with that id and returns whether it was on.
func (m *Mark) Clear(id string) bool {
	m.guard.Lock()
	defer m.guard.Unlock()
	current, on := m.current()
	if !on || current != id {
		return false
	}
	m.id = ""
	return true
}

func (m *Mark) current() (id string, on bool) {
	return m.id, m.id != "" && time.Now().Before(m.until)
}

// Describe implements prometheus.Collector.
func (m *Mark) Describe(out chan<- *prometheus.Desc) { out <- m.desc }

// Collect implements prometheus.Collector. A drill whose time is over has no series any more, with or without a timer.
func (m *Mark) Collect(out chan<- prometheus.Metric) {
	m.guard.Lock()
	defer m.guard.Unlock()
	if id, on := m.current(); on {
		out <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, 1, id)
	}
}

// View is the answer of /admin/drill.
type View struct {
	// ID is empty when there is no drill.
	ID    string     `json:"id"`
	Until *time.Time `json:"until,omitempty"`
}

func (m *Mark) view() View {
	m.guard.Lock()
	defer m.guard.Unlock()
	id, on := m.current()
	if !on {
		return View{}
	}
	until := m.until.UTC()
	return View{ID: id, Until: &until}
}

// Handler serves /admin/drill: GET, PUT with {"id": "go-api-1.4.0/drill", "ttl": "10m"}, and DELETE with ?id=.
func Handler(mark *Mark, log *zap.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /admin/drill", func(w http.ResponseWriter, _ *http.Request) { reply.JSON(w, http.StatusOK, mark.view()) })
	mux.HandleFunc("PUT /admin/drill", func(w http.ResponseWriter, r *http.Request) {
		id, ttl, err := readBody(w, r)
		if err == nil {
			err = mark.Set(id, ttl)
		}
		switch {
		case errors.Is(err, ErrBusy):
			refuse(w, http.StatusConflict, err)
		case err != nil:
			refuse(w, http.StatusBadRequest, err)
		default:
			log.Warn("[DRILL] begins", zap.String("id", id), zap.Duration("ttl", ttl))
			reply.JSON(w, http.StatusOK, mark.view())
		}
	})
	mux.HandleFunc("DELETE /admin/drill", func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Query().Get("id")
		if !mark.Clear(id) {
			refuse(w, http.StatusNotFound, fmt.Errorf("the drill %.64q is not on", id))
			return
		}
		log.Warn("[DRILL] ends", zap.String("id", id))
		reply.JSON(w, http.StatusOK, mark.view())
	})
	return mux
}

func readBody(w http.ResponseWriter, r *http.Request) (string, time.Duration, error) {
	var body struct {
		ID  string `json:"id"`
		TTL string `json:"ttl"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		return "", 0, fmt.Errorf(`the body must be JSON such as {"id": "go-api-1.4.0/drill", "ttl": "10m"}: %w`, err)
	}
	ttl, err := time.ParseDuration(body.TTL)
	if err != nil {
		return "", 0, fmt.Errorf("`ttl` is %.64q; it must be a duration such as \"10m\"", body.TTL)
	}
	return body.ID, ttl, nil
}

func refuse(w http.ResponseWriter, code int, err error) {
	reply.JSON(w, code, map[string]string{"error": err.Error()})
}
