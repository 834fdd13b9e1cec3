package drive

import (
	"fmt"
	"io"
	"time"

	"relay4j.org/interop/internal/session"
)

// settleTime is how long streams that both sides have ended may take to leave the session's table.
const settleTime = 10 * time.Second

// Session checks what concerns the session and not one stream: pings, an idle time, and that nothing is left of the
// streams that have ended. It prints and counts like Run.
func Session(out io.Writer, s session.Session, idle time.Duration) (failed int) {
	for _, check := range []struct {
		name string
		run  func() error
	}{
		{"ping", func() error { return pings(s, 100) }},
		{"idle", func() error { return stayIdle(s, idle) }},
		{"no-stream-left", func() error { return noStreamLeft(s) }},
	} {
		if err := check.run(); err != nil {
			failed++
			fmt.Fprintf(out, "FAIL %s %v\n", check.name, err)
		} else {
			fmt.Fprintf(out, "ok %s\n", check.name)
		}
	}
	return failed
}

func pings(s session.Session, n int) error {
	for i := 0; i < n; i++ {
		if err := s.Ping(); err != nil {
			return fmt.Errorf("ping %d: %w", i, err)
		}
	}
	return nil
}

// stayIdle leaves the session to the keep-alives of both sides.
func stayIdle(s session.Session, idle time.Duration) error {
	select {
	case <-s.CloseChan():
		return fmt.Errorf("session ended within %v", idle)
	case <-time.After(idle):
		return pings(s, 1)
	}
}

func noStreamLeft(s session.Session) error {
	end := time.Now().Add(settleTime)
	for s.NumStreams() > 0 {
		if time.Now().After(end) {
			return fmt.Errorf("%d streams left", s.NumStreams())
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil
}
