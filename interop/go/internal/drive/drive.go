// Package drive runs scenarios against a peer that offers the behaviours of package behave, and checks every byte.
package drive

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net"
	"time"

	"relay4j.org/interop/internal/behave"
	"relay4j.org/interop/internal/session"
)

// Conn is one connection to the peer: a yamux stream, or a visitor's TCP connection.
type Conn interface {
	behave.Conn
	SetDeadline(time.Time) error
	Close() error
}

// Dial opens a new connection to the peer.
type Dial func() (Conn, error)

// TCP dials the address of a public port.
func TCP(address string) Dial {
	return func() (Conn, error) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		return c.(*net.TCPConn), nil
	}
}

// Streams opens streams of a session.
func Streams(s session.Session) Dial {
	return func() (Conn, error) { return s.Open() }
}

// scenario is one check. It gets a random source of its own, so that the seed of the run reproduces it alone.
type scenario struct {
	name string
	run  func(d Dial, rnd *rand.Rand) error
}

var scenarios = []scenario{
	{"empty", empty},
	{"echo-sizes", echoSizes},
	{"echo-concurrent", echoConcurrent},
	{"open-close", openClose},
	{"late-reply", lateReply},
	{"peer-closes-first", peerClosesFirst},
	{"slow-peer", slowPeer},
	{"slow-reader", slowReader},
	{"stalled-reader", stalledReader},
}

// scenarioTime bounds one scenario, so that a lost wake-up is reported rather than waited for.
const scenarioTime = 2 * time.Minute

// errNoHalfClose is the failure of what needs a half-close, over a module that has none.
var errNoHalfClose = errors.New("a stream of this module reads as ended after its own end")

// halfCloses tells whether c can be read on after CloseWrite, as a TCP connection can.
func halfCloses(c Conn) bool {
	stream, ok := c.(session.Stream)
	return !ok || stream.HalfCloses()
}

// Run runs all scenarios, prints a line for each to out, and returns how many failed.
func Run(out io.Writer, d Dial, seed int64) (failed int) {
	for _, s := range scenarios {
		err := s.run(withDeadline(d), rand.New(rand.NewSource(seed)))
		switch {
		case err == nil:
			fmt.Fprintf(out, "ok %s\n", s.name)
		case errors.Is(err, errNoHalfClose):
			fmt.Fprintf(out, "unsupported %s %v\n", s.name, err)
		default:
			failed++
			fmt.Fprintf(out, "FAIL %s %v\n", s.name, err)
		}
	}
	return failed
}

func withDeadline(d Dial) Dial {
	end := time.Now().Add(scenarioTime)
	return func() (Conn, error) {
		c, err := d()
		if err == nil {
			c.SetDeadline(end)
		}
		return c, err
	}
}
