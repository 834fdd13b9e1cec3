package behave

import (
	"errors"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/yamux"
)

// Stream is a yamux stream as a Conn.
type Stream struct{ *yamux.Stream }

// CloseWrite sends FIN: since v0.1.2 Close ends only the own direction.
func (s Stream) CloseWrite() error { return s.Stream.Close() }

// ResetStream ends the stream the only way that the module offers: FIN now, and, when the peer has not ended its own
// direction within the session's close timeout, RST. A RST alone cannot be asked for.
func ResetStream(c Conn) { c.CloseWrite() }

// Session serves every stream that the peer opens, until the session ends. With a limit that is not negative it takes
// no more than that many streams; the rest fill the backlog. It reports whether this side ended the session with 'C'.
func Session(s *yamux.Session, limit int) (cut bool, err error) {
	var wasCut atomic.Bool
	var open sync.WaitGroup
	defer open.Wait() // whoever ends the process next would cut off what the streams have to report
	actions := Actions{
		Kill:   func() { os.Exit(KillStatus) },
		Cut:    func() { wasCut.Store(true); s.Close() },
		Reset:  ResetStream,
		GoAway: s.GoAway,
		Open: func() (Conn, error) {
			stream, err := s.OpenStream()
			return Stream{stream}, err
		},
	}
	for ; ; limit-- {
		if limit == 0 {
			<-s.CloseChan()
		}
		stream, err := s.AcceptStream()
		if err != nil {
			return wasCut.Load(), err
		}
		open.Add(1)
		go func() {
			defer open.Done()
			if err := Serve(Stream{stream}, actions); err != nil {
				log.Printf("stream %d: %v", stream.StreamID(), err)
			}
		}()
	}
}

// KillStatus is the exit status after 'K'.
const KillStatus = 9

// Listener serves every TCP connection that ln accepts, until it is closed.
func Listener(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Printf("accept: %v", err)
			continue
		}
		go serveTCP(conn.(*net.TCPConn))
	}
}

func serveTCP(conn *net.TCPConn) {
	abort := func() { conn.SetLinger(0); conn.Close() }
	err := Serve(conn, Actions{
		Kill:  func() { os.Exit(KillStatus) },
		Cut:   abort,
		Reset: func(Conn) { abort() },
	})
	if err != nil && !errors.Is(err, io.EOF) {
		log.Printf("%s: %v", conn.RemoteAddr(), err)
		abort()
	}
	conn.Close()
}
