package behave

import (
	"errors"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"relay4j.org/interop/internal/session"
)

// Session serves every stream that the peer opens, until the session ends. With a limit that is not negative it takes
// no more than that many streams; the rest fill the backlog. It reports whether this side ended the session with 'C'.
func Session(s session.Session, limit int) (cut bool, err error) {
	var wasCut atomic.Bool
	actions := Actions{
		Kill:   func() { os.Exit(KillStatus) },
		Cut:    func() { wasCut.Store(true); s.Close() },
		Reset:  func(c Conn) { c.(session.Stream).Reset() },
		GoAway: s.GoAway,
		Open:   func() (Conn, error) { return s.Open() },
	}
	err = serveAll(s, limit, func(stream session.Stream) error { return Serve(stream, actions) })
	return wasCut.Load(), err
}

// EchoSession is like Session, but every stream is an echo from its first byte.
func EchoSession(s session.Session, limit int) (cut bool, err error) {
	return false, serveAll(s, limit, func(stream session.Stream) error { return echo(stream) })
}

func serveAll(s session.Session, limit int, serve func(session.Stream) error) error {
	var open sync.WaitGroup
	defer open.Wait() // whoever ends the process next would cut off what the streams have to report
	for ; ; limit-- {
		if limit == 0 {
			<-s.CloseChan()
		}
		stream, err := s.Accept()
		if err != nil {
			return err
		}
		open.Add(1)
		go func() {
			defer open.Done()
			if err := serve(stream); err != nil {
				log.Printf("stream %d: %v", stream.ID(), err)
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
