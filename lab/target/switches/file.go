package switches

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const (
	// PollInterval makes a new file effective after two polls, 400 ms: less than the second that a switch may take.
	PollInterval = 200 * time.Millisecond
	// MaxFileBytes is far above any list of switches. A ConfigMap holds at most 1 MiB.
	MaxFileBytes = 64 << 10
	// maxReportedNames keeps a message readable.
	maxReportedNames = 10
)

// fileState is what is known of the file. values are the last good ones.
type fileState struct {
	values  map[string]bool
	content []byte // read last and applied, or found to be wrong
	pending []byte // read last and not yet applied
	problem error
	loaded  time.Time
}

// FileReport is the state of the file for people.
type FileReport struct {
	Path string `json:"path"`
	// LoadedAt is when the values in force were read.
	LoadedAt time.Time `json:"loadedAt"`
	// Error is why the present content of the file is not in force; the last good values are.
	Error string `json:"error,omitempty"`
	// Unknown are names in the file that this version of the service does not define. They are ignored, because a rolled-back
	// version must start with the file of its successor.
	Unknown []string `json:"unknown,omitempty"`
}

// ParseFile reads the content of a file: `switches:` with a mapping of names to true or false. Anything else is an error, also an
// empty file and a name without value: both are what a half-written file looks like.
func ParseFile(content []byte) (map[string]bool, error) {
	var file struct {
		Switches map[string]*bool `yaml:"switches"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty; `switches: {}` sets nothing")
		}
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file must hold exactly one YAML document")
	}
	if file.Switches == nil {
		return nil, errors.New("`switches` is missing or has no value; `switches: {}` sets nothing")
	}
	values := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(file.Switches)) {
		value := file.Switches[name]
		if value == nil {
			return nil, fmt.Errorf("switch %q has no value; it must be true or false", name)
		}
		values[name] = *value
	}
	return values, nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	// Opening a pipe would block until somebody writes to it.
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read from
	content, err := io.ReadAll(io.LimitReader(file, MaxFileBytes+1))
	if err == nil && len(content) > MaxFileBytes {
		err = fmt.Errorf("%s is larger than %d bytes", path, MaxFileBytes)
	}
	return content, err
}

func (f *fileState) load(path string) error {
	content, err := readFile(path)
	if err == nil {
		f.values, err = ParseFile(content)
	}
	if err != nil {
		return fmt.Errorf("switches file %s: %w", path, err)
	}
	f.content, f.loaded = content, time.Now()
	return nil
}

// Watch applies changes of the file until ctx ends. It compares the content of the path itself: an atomic rename, the symlink swap of
// a ConfigMap and an edit in place within one tick of the file system's clock all look the same to it.
func (s *Set) Watch(ctx context.Context, every time.Duration) {
	if s.options.File == "" {
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.poll()
		}
	}
}

// poll applies content that two polls in a row found: a writer that is between two writes is left to finish.
func (s *Set) poll() {
	content, err := readFile(s.options.File)
	s.changing.Lock()
	defer s.changing.Unlock()
	f := &s.file
	if err != nil {
		f.pending = nil
		s.fileFailed(err)
		return
	}
	if f.content != nil && bytes.Equal(content, f.content) {
		f.pending = nil
		return
	}
	if f.pending == nil || !bytes.Equal(content, f.pending) {
		f.pending = content
		return
	}
	f.content, f.pending = content, nil
	values, err := ParseFile(content)
	if err != nil {
		s.fileFailed(err)
		return
	}
	f.problem = nil
	s.applyFile(values)
}

// fileFailed keeps the last good values. The same error is reported once, not with each poll.
func (s *Set) fileFailed(err error) {
	err = fmt.Errorf("switches file %s: %w; the last good values stay in force", s.options.File, err)
	if s.file.problem != nil && s.file.problem.Error() == err.Error() {
		return
	}
	s.file.problem = err
	// Unreadable content is not content: when the file comes back as it was, the error has to go.
	s.file.content = nil
	s.report(err)
	s.audit(Line{Source: FromFile, Who: s.fileAuthor(), Result: Refused, Reason: err.Error()})
}

// applyFile makes the values of the file its layer, and writes one audit line for each switch that the file sets differently.
func (s *Set) applyFile(values map[string]bool) {
	before := s.file.values
	s.file.values, s.file.loaded = values, time.Now()
	old := s.current.Load()
	next := s.publish()
	for _, d := range s.options.Definitions {
		was, wasSet := before[d.Name]
		is, isSet := values[d.Name]
		if was == is && wasSet == isSet {
			continue
		}
		from, _ := old.State(d.Name)
		to, _ := next.State(d.Name)
		line := Line{
			Name: d.Name, Old: &from.Value, New: &to.Value, Source: to.Source, Who: s.fileAuthor(), Result: resultOf(from.Value, to.Value),
		}
		switch {
		case d.Readonly:
			line.Result, line.Reason = Refused, fmt.Sprintf("switch %q is readonly: it keeps the value of the process start", d.Name)
		case isSet && to.Source != FromFile:
			line.Reason = fmt.Sprintf("%s has precedence over the file", to.Source)
		}
		s.audit(line)
	}
	s.reportUnknown()
}

func (s *Set) fileAuthor() string { return "file " + s.options.File }

// unknown returns the names in the file that no definition has.
func (s *Set) unknown() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.file.values)) {
		if _, ok := s.definition(name); !ok {
			names = append(names, name)
		}
	}
	return names
}

func (s *Set) reportUnknown() {
	if names := s.unknown(); len(names) > 0 {
		shown := strings.Join(names[:min(len(names), maxReportedNames)], ", ")
		s.report(fmt.Errorf("switches file %s: %d unknown switches are ignored: %s; known are %s", s.options.File, len(names), shown, s.names()))
	}
}

// File returns the state of the file, or nil when there is none.
func (s *Set) File() *FileReport {
	if s.options.File == "" {
		return nil
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	report := &FileReport{Path: s.options.File, LoadedAt: s.file.loaded.UTC(), Unknown: s.unknown()}
	if s.file.problem != nil {
		report.Error = s.file.problem.Error()
	}
	return report
}
