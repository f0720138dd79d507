package switches

import "time"

// Subscribe returns a channel that gets the snapshot after each change, and a function that ends the subscription. The channel holds
// one snapshot, the latest: a slow receiver misses those between and never blocks a change.
func (s *Set) Subscribe() (changes <-chan *Snapshot, end func()) {
	latest := make(chan *Snapshot, 1)
	s.changing.Lock()
	defer s.changing.Unlock()
	s.subscribers[latest] = struct{}{}
	return latest, func() {
		s.changing.Lock()
		defer s.changing.Unlock()
		delete(s.subscribers, latest)
	}
}

// publish makes the layers take effect and hands the snapshot to all subscribers. The lock makes it the only sender, so that a channel
// emptied here has room.
func (s *Set) publish() *Snapshot {
	next := s.compose(time.Now())
	s.current.Store(next)
	for latest := range s.subscribers {
		select {
		case <-latest:
		default:
		}
		latest <- next
	}
	return next
}

func (s *Set) publishOne(name string) State {
	state, _ := s.publish().State(name)
	return state
}
