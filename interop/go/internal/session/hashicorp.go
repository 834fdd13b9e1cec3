package session

import (
	"net"
	"runtime/debug"

	"github.com/hashicorp/yamux"
)

// hashicorp is github.com/hashicorp/yamux, or the fork that stands in its place when the program was built with
// fatedier.mod.
var hashicorp = module{
	name:   nameOfHashicorp(),
	client: func(c net.Conn, o Options) (Session, error) { return wrapHashicorp(yamux.Client(c, o.hashicorp())) },
	server: func(c net.Conn, o Options) (Session, error) { return wrapHashicorp(yamux.Server(c, o.hashicorp())) },
}

// nameOfHashicorp asks the build which of the two modules is in this program: they share their path.
func nameOfHashicorp() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "hashicorp"
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/hashicorp/yamux" && dep.Replace != nil {
			return "fatedier"
		}
	}
	return "hashicorp"
}

func (o Options) hashicorp() *yamux.Config {
	c := yamux.DefaultConfig()
	c.MaxStreamWindowSize = uint32(o.Window)
	c.EnableKeepAlive = o.Keepalive > 0
	if o.Keepalive > 0 {
		c.KeepAliveInterval = o.Keepalive
	}
	c.AcceptBacklog = o.Backlog
	c.StreamCloseTimeout = o.CloseTimeout
	c.LogOutput = o.Log
	return c
}

type hashicorpSession struct{ *yamux.Session }

func wrapHashicorp(s *yamux.Session, err error) (Session, error) {
	if err != nil {
		return nil, err
	}
	return hashicorpSession{s}, nil
}

func (s hashicorpSession) Open() (Stream, error) { return wrapHashicorpStream(s.Session.OpenStream()) }
func (s hashicorpSession) Accept() (Stream, error) {
	return wrapHashicorpStream(s.Session.AcceptStream())
}

func (s hashicorpSession) Ping() error {
	_, err := s.Session.Ping()
	return err
}

type hashicorpStream struct{ *yamux.Stream }

func wrapHashicorpStream(s *yamux.Stream, err error) (Stream, error) {
	if err != nil {
		return nil, err
	}
	return hashicorpStream{s}, nil
}

func (s hashicorpStream) ID() uint32 { return s.Stream.StreamID() }

// CloseWrite sends FIN: since v0.1.2 Close ends only the own direction.
func (s hashicorpStream) CloseWrite() error { return s.Stream.Close() }

// HalfCloses is false for the fork: it has the Close of v0.1.1, after which a stream reads as ended as soon as nothing
// is buffered.
func (s hashicorpStream) HalfCloses() bool { return hashicorp.name == "hashicorp" }

// Reset ends the stream the only way that the module offers: FIN now, and, when the peer has not ended its own
// direction within the session's close timeout, RST. A RST alone cannot be asked for.
func (s hashicorpStream) Reset() error { return s.Stream.Close() }
