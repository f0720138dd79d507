package switches

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Values is a flag.Value that collects "name=true" and "name=false"; the flag may be given several times.
type Values map[string]bool

// String returns nothing: the flag has no default to show.
func (v Values) String() string { return "" }

// Set reads one "name=value". The last one of a name wins, as with every flag.
func (v Values) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	on, err := strconv.ParseBool(value)
	if !found || name == "" || err != nil {
		return fmt.Errorf("%q must be NAME=true or NAME=false", text)
	}
	v[name] = on
	return nil
}

// ReadEnvironment returns the switches that the environment sets. An empty variable is not set. All problems are reported at once.
func ReadEnvironment(definitions []Definition, lookup func(string) (string, bool)) (map[string]bool, error) {
	values := map[string]bool{}
	var problems []error
	for _, d := range definitions {
		text, ok := lookup(d.Env)
		if d.Env == "" || !ok || text == "" {
			continue
		}
		on, err := strconv.ParseBool(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s must be true or false, not %q", d.Env, text))
			continue
		}
		values[d.Name] = on
	}
	return values, errors.Join(problems...)
}

func (s *Set) names() string {
	names := make([]string, len(s.options.Definitions))
	for at, d := range s.options.Definitions {
		names[at] = d.Name
	}
	return strings.Join(names, ", ")
}
