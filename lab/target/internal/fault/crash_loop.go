package fault

import "time"

const (
	// One second: long enough for containerd to call the container running, so that kubelet counts a crash and backs off.
	crashLoopByDefault = time.Second
	crashLoopMost      = time.Hour
)

// crashLoop ends the process with exit code 1 a moment after it was armed.
type crashLoop struct{}

func (crashLoop) Name() string { return "crash-loop" }

func (crashLoop) About() string {
	return "the process exits with code 1; parameter: how long after arming, default 1s"
}

func (crashLoop) Prepare(parameter string, process Process) (Effect, error) {
	delay, err := parseDuration(parameter, crashLoopByDefault, crashLoopMost)
	if err != nil {
		return Effect{}, err
	}
	return Effect{
		Parameter: delay.String(),
		Start: func() (stop func()) {
			timer := time.AfterFunc(delay, func() { process.Exit(1) })
			return func() { timer.Stop() }
		},
	}, nil
}
