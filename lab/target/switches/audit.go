package switches

import (
	"encoding/json"
	"fmt"
	"time"
)

// Result is what became of a change.
type Result string

// Results. Unchanged: the change was made, and the value is the same as before.
const (
	Changed   Result = "changed"
	Unchanged Result = "unchanged"
	Refused   Result = "refused"
)

// Line is one line of the audit, as JSON.
type Line struct {
	// Audit is always "switch", so that the lines can be filtered out of a log.
	Audit string    `json:"audit"`
	Time  time.Time `json:"time"`
	Name  string    `json:"name"`
	// Old and New are the values in force before and after; equal when the change was refused, null when there is no such switch.
	Old *bool `json:"old"`
	New *bool `json:"new"`
	// Who made the change: a person or a program, `file PATH`, or `ttl of` whoever set what ended.
	Who string `json:"who"`
	// Source is the layer that decides after the change; empty when there is no such switch.
	Source    Source `json:"source"`
	Operation string `json:"operation,omitempty"`
	Result    Result `json:"result"`
	// Reason says why it was refused, or why it had no effect.
	Reason string `json:"reason,omitempty"`
}

func resultOf(before, after bool) Result {
	if before == after {
		return Unchanged
	}
	return Changed
}

// audit writes a line with one call of Write. A line that cannot be written is reported and does not stop the change: in an emergency
// a full disk must not keep a switch from being turned.
func (s *Set) audit(line Line) {
	if s.options.Audit == nil {
		return
	}
	line.Audit, line.Time = "switch", time.Now().UTC()
	text, err := json.Marshal(line)
	if err == nil {
		_, err = s.options.Audit.Write(append(text, '\n'))
	}
	if err != nil {
		s.report(fmt.Errorf("audit line of switch %q was not written: %w", line.Name, err))
	}
}
