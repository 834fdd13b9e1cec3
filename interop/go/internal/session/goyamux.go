package session

import (
	"context"
	"net"

	"github.com/libp2p/go-yamux/v5"
)

// goYamux is github.com/libp2p/go-yamux.
var goYamux = module{
	name:   "go-yamux",
	client: func(c net.Conn, o Options) (Session, error) { return wrapGoYamux(yamux.Client(c, o.goYamux(), nil)) },
	server: func(c net.Conn, o Options) (Session, error) { return wrapGoYamux(yamux.Server(c, o.goYamux(), nil)) },
}

func (o Options) goYamux() *yamux.Config {
	c := yamux.DefaultConfig()
	c.InitialStreamWindowSize = uint32(o.Window)
	c.MaxStreamWindowSize = max(c.MaxStreamWindowSize, uint32(o.Window))
	c.EnableKeepAlive = o.Keepalive > 0
	if o.Keepalive > 0 {
		c.KeepAliveInterval = o.Keepalive
	}
	c.AcceptBacklog = o.Backlog
	c.LogOutput = o.Log
	return c
}

type goYamuxSession struct{ *yamux.Session }

func wrapGoYamux(s *yamux.Session, err error) (Session, error) {
	if err != nil {
		return nil, err
	}
	return goYamuxSession{s}, nil
}

func (s goYamuxSession) Open() (Stream, error) {
	return wrapGoYamuxStream(s.Session.OpenStream(context.Background()))
}

func (s goYamuxSession) Accept() (Stream, error) { return wrapGoYamuxStream(s.Session.AcceptStream()) }

func (s goYamuxSession) Ping() error {
	_, err := s.Session.Ping()
	return err
}

type goYamuxStream struct{ *yamux.Stream }

func wrapGoYamuxStream(s *yamux.Stream, err error) (Stream, error) {
	if err != nil {
		return nil, err
	}
	return goYamuxStream{s}, nil
}

func (s goYamuxStream) ID() uint32 { return s.Stream.StreamID() }

func (s goYamuxStream) HalfCloses() bool { return true }
