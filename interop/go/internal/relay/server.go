// Package relay is a relay server and a relay client of the base protocol, over hashicorp/yamux.
package relay

import (
	"errors"
	"log"
	"net"
	"sync"

	"relay4j.org/interop/internal/portline"
	"relay4j.org/interop/internal/session"
	"relay4j.org/interop/internal/splice"
)

// Server gives each relay client that connects a public port of its own.
type Server struct {
	control net.Listener
	public  string // host that public listeners are bound to
	options session.Options

	mu       sync.Mutex
	closed   bool
	sessions map[session.Session]bool // guarded by mu
	running  sync.WaitGroup
}

// NewServer returns a server for the clients that control accepts; Serve runs it.
func NewServer(control net.Listener, public string, options session.Options) *Server {
	return &Server{control: control, public: public, options: options, sessions: map[session.Session]bool{}}
}

// Serve accepts relay clients until the server is closed.
func (s *Server) Serve() error {
	for {
		conn, err := s.control.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		s.running.Add(1)
		go func() {
			defer s.running.Done()
			if err := s.tunnel(conn); err != nil {
				log.Printf("tunnel of %s: %v", conn.RemoteAddr(), err)
			}
		}()
	}
}

// Close ends all tunnels and returns when every visitor has been reset.
func (s *Server) Close() {
	s.control.Close()
	s.mu.Lock()
	s.closed = true
	open := make([]session.Session, 0, len(s.sessions))
	for sess := range s.sessions {
		open = append(open, sess)
	}
	s.mu.Unlock()
	for _, sess := range open {
		sess.Close()
	}
	s.running.Wait()
}

func (s *Server) tunnel(conn net.Conn) error {
	defer conn.Close()
	public, err := net.Listen("tcp", net.JoinHostPort(s.public, "0"))
	if err != nil {
		return err
	}
	defer public.Close()
	if err := portline.Write(conn, public.Addr().(*net.TCPAddr).Port); err != nil {
		return err
	}
	sess, err := session.Client(conn, s.options)
	if err != nil {
		return err
	}
	defer sess.Close()
	if !s.register(sess) {
		return nil
	}
	defer s.unregister(sess)
	go func() {
		<-sess.CloseChan()
		public.Close()
	}()
	return s.visitors(public, sess)
}

func (s *Server) visitors(public net.Listener, sess session.Session) error {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := public.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			sess.Close()
			return err
		}
		open.Add(1)
		go func() {
			defer open.Done()
			visit(conn.(*net.TCPConn), sess)
		}()
	}
}

func visit(conn *net.TCPConn, sess session.Session) {
	stream, err := sess.Open()
	if err != nil {
		log.Printf("visitor %s: %v", conn.RemoteAddr(), err)
		conn.SetLinger(0)
		conn.Close()
		return
	}
	splice.Join(conn, stream, sess)
}

func (s *Server) register(sess session.Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sessions[sess] = true
	}
	return !s.closed
}

func (s *Server) unregister(sess session.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, sess)
}
