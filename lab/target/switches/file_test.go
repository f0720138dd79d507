package switches

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "switches.yaml")
	overwrite(t, path, content)
	return path
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// polled applies what the file holds now: two polls in a row.
func polled(set *Set) {
	set.poll()
	set.poll()
}

func TestReadsAFileOfSwitchesAndRefusesEverythingElse(t *testing.T) {
	for content, want := range map[string]map[string]bool{
		"switches: {}": {},
		"switches:\n  payment: false\n  shed-load: true\n": {"payment": false, "shed-load": true},
		"switches: {payment: off} # YAML 1.1":              {"payment": false},
	} {
		got, err := ParseFile([]byte(content))
		if err != nil || len(got) != len(want) {
			t.Errorf("%q: %v, %v", content, got, err)
		}
		for name, value := range want {
			if is, ok := got[name]; !ok || is != value {
				t.Errorf("%q sets %s to %t", content, name, is)
			}
		}
	}
	for _, content := range []string{
		"", "\n", "# nothing\n", "switches:", "switches:\n  payment:", "switches:\n  payment: fal", "switches:\n  paym", "switches:\n  payment: 1",
		"switches: [payment]", "switchs: {}", "switches: {}\nother: 1", "payment: true", "switches: {payment: true, payment: false}",
		"switches: {}\n---\nswitches: {}", "switches: {payment: null}", "\x00\x01", "switches: &a {b: *a}", "{",
	} {
		if got, err := ParseFile([]byte(content)); err == nil {
			t.Errorf("%q is accepted as %v", content, got)
		}
	}
}

func TestANewProcessRefusesAFileItCannotRead(t *testing.T) {
	directory := t.TempDir()
	pipe := filepath.Join(directory, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		filepath.Join(directory, "absent.yaml"), directory, pipe, writeFile(t, "switches:"), writeFile(t, "switches: {} #"+strings.Repeat("x", MaxFileBytes)),
	} {
		if _, err := Open(Options{Definitions: definitions, File: path}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAChangeOfTheFileTakesEffectWithinASecondWithoutARestart(t *testing.T) {
	path := writeFile(t, "switches: {}")
	set, audit := open(t, Options{File: path})
	changes, end := set.Subscribe()
	defer end()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go set.Watch(ctx, PollInterval)
	begin := time.Now()
	overwrite(t, path, "switches: {payment: false}")
	<-changes
	if took := time.Since(begin); took > time.Second || set.Switch("payment").On() {
		t.Errorf("after %s the switch is %t", took, set.Switch("payment").On())
	}
	set.changing.Lock() // the audit line is written after the broadcast, under this lock
	set.changing.Unlock()
	if line := audit.last(t); line.Source != FromFile || line.Who != "file "+path || line.Result != Changed || !*line.Old || *line.New {
		t.Errorf("%+v", line)
	}
}

func TestSeesAnAtomicRenameASwapOfSymlinksAndAnEditWithEqualSizeAndTime(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "switches.yaml")
	epoch := time.Unix(1_700_000_000, 0)
	inPlace := func(content string) {
		overwrite(t, path, content)
		if err := os.Chtimes(path, epoch, epoch); err != nil {
			t.Fatal(err)
		}
	}
	rename := func(content string) {
		overwrite(t, path+".new", content)
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	// A ConfigMap volume: the file is a link into ..data, which is a link that is renamed over.
	generation := 0
	configMap := func(content string) {
		generation++
		real := filepath.Join(directory, "..gen"+string(rune('0'+generation)))
		if err := os.Mkdir(real, 0o700); err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(real, "switches.yaml"), content)
		link := filepath.Join(directory, "..data_tmp")
		if err := errors.Join(os.Symlink(filepath.Base(real), link), os.Rename(link, filepath.Join(directory, "..data"))); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("..data/switches.yaml", path); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	for name, write := range map[string]func(string){"in place": inPlace, "rename": rename, "ConfigMap": configMap} {
		write("switches: {payment: false, shed-load: true} ")
		set, _ := open(t, Options{File: path})
		write("switches: {payment: true, shed-load: false} ")
		polled(set)
		if got := state(t, set, "shed-load"); got.Value || !set.Switch("payment").On() {
			t.Errorf("%s: %+v", name, got)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABrokenOrHalfWrittenFileKeepsTheLastGoodValuesAndIsReportedOnce(t *testing.T) {
	path := writeFile(t, "switches: {payment: false}")
	var reported []error
	set, audit := open(t, Options{File: path, OnError: func(err error) { reported = append(reported, err) }})
	for _, broken := range []string{"", "switches:\n  payment:", "switches: {payment: tr", "switches: {} #" + strings.Repeat("x", MaxFileBytes)} {
		before := len(reported)
		overwrite(t, path, broken)
		polled(set)
		polled(set)
		if set.Switch("payment").On() || len(reported) != before+1 || set.File().Error == "" {
			t.Errorf("%.20q: payment %t, %d reports, file %+v", broken, set.Switch("payment").On(), len(reported)-before, set.File())
		}
		if line := audit.last(t); line.Result != Refused || line.Source != FromFile || line.Reason == "" {
			t.Errorf("%+v", line)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	polled(set)
	if set.Switch("payment").On() || set.File().Error == "" {
		t.Error("a removed file changed the switch, or is not reported")
	}
	overwrite(t, path, "switches: {payment: false}")
	polled(set)
	if set.File().Error != "" {
		t.Errorf("the file is as it was: %s", set.File().Error)
	}
	overwrite(t, path, "switches: {}")
	polled(set)
	if !set.Switch("payment").On() {
		t.Error("a good file after a broken one has no effect")
	}
}

func TestAFileThatWasAwayForAWhileIsNoErrorAnyMore(t *testing.T) {
	path := writeFile(t, "switches: {payment: false}")
	set, _ := open(t, Options{File: path})
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	polled(set)
	if set.File().Error == "" {
		t.Error("a missing file is not reported")
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	polled(set)
	if file := set.File(); file.Error != "" || set.Switch("payment").On() {
		t.Errorf("%+v, payment %t", file, set.Switch("payment").On())
	}
}

func TestAWriterThatIsBetweenTwoWritesIsLeftToFinish(t *testing.T) {
	path := writeFile(t, "switches: {payment: false, shed-load: true}")
	set, audit := open(t, Options{File: path})
	overwrite(t, path, "switches:\n  payment: false\n")
	set.poll()
	overwrite(t, path, "switches:\n  payment: false\n  shed-load: true\n")
	polled(set)
	if !set.Switch("shed-load").On() || len(audit.lines(t)) != 0 {
		t.Errorf("the first half was applied: %+v", audit.lines(t))
	}
}

func TestAFileWithNamesOfANewerVersionIsReportedAndStillWorks(t *testing.T) {
	path := writeFile(t, "switches: {payment: false, of-the-next-version: true}")
	var reported []error
	set, _ := open(t, Options{File: path, OnError: func(err error) { reported = append(reported, err) }})
	if set.Switch("payment").On() || len(reported) != 1 || !strings.Contains(reported[0].Error(), "of-the-next-version") {
		t.Errorf("payment %t, reported %v", set.Switch("payment").On(), reported)
	}
	if unknown := set.File().Unknown; len(unknown) != 1 || unknown[0] != "of-the-next-version" {
		t.Errorf("unknown %v", unknown)
	}
}

func TestTheFileSaysWhyAChangeInItHadNoEffect(t *testing.T) {
	path := writeFile(t, "switches: {}")
	set, audit := open(t, Options{File: path, Environment: map[string]bool{"payment": true}})
	overwrite(t, path, "switches: {payment: false, breakers: false}")
	polled(set)
	if !set.Switch("payment").On() || !set.Switch("breakers").On() {
		t.Error("the file beats the environment, or changes a readonly switch")
	}
	lines := audit.lines(t)
	if len(lines) != 2 || lines[0].Result != Unchanged || !strings.Contains(lines[0].Reason, "env has precedence") || lines[0].Source != FromEnvironment {
		t.Fatalf("%+v", lines)
	}
	if lines[1].Result != Refused || !strings.Contains(lines[1].Reason, "readonly") {
		t.Errorf("%+v", lines[1])
	}
	if got := state(t, set, "breakers"); got.Source != FromDefault {
		t.Errorf("%+v", got)
	}
}

func FuzzParseFile(f *testing.F) {
	for _, content := range []string{"switches: {payment: false}", "switches:\n  a: yes\n  b: !!bool no\n", "switches: &a {b: *a}", "{", "? :", "---\n---"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		values, err := ParseFile(content)
		if (values == nil) == (err == nil) {
			t.Errorf("values %v and error %v", values, err)
		}
	})
}
