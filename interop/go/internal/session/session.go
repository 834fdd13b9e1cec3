// Package session is a yamux session as the programs use it, over whichever module the command line names.
package session

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/hashicorp/yamux"
)

// Session is one end of a connection with streams.
type Session interface {
	Open() (Stream, error)
	Accept() (Stream, error) // a stream that the peer has opened
	Ping() error             // returns when the peer has answered
	GoAway() error           // tells the peer to open no more streams
	NumStreams() int
	IsClosed() bool
	CloseChan() <-chan struct{} // closed when the session has ended
	Close() error
}

// Stream is one stream; its two directions end separately.
type Stream interface {
	io.ReadWriter
	ID() uint32
	CloseWrite() error // FIN
	Close() error      // the end of its use: FIN, and what is still to come is of no interest
	Reset() error      // ends both directions as abruptly as the module can
	HalfCloses() bool  // whether it can be read on after CloseWrite
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
}

// module makes sessions with one yamux module.
type module struct {
	name   string
	client func(net.Conn, Options) (Session, error)
	server func(net.Conn, Options) (Session, error)
}

var modules = []module{hashicorp, goYamux}

// Options are the settings of a session that can be chosen on the command line.
type Options struct {
	Impl         string        // name of the module
	Window       uint          // receive window of a stream in bytes, announced when it is more than 256 KiB
	Keepalive    time.Duration // 0 = no pings from this side
	Backlog      int           // streams waiting for Accept before new ones are reset
	CloseTimeout time.Duration // from our FIN to the RST, when the peer does not end its direction; not in go-yamux
	Log          io.Writer
}

// Defaults are hashicorp's own.
func Defaults() Options {
	c := yamux.DefaultConfig()
	return Options{
		Impl:         hashicorp.name,
		Window:       uint(c.MaxStreamWindowSize),
		Keepalive:    c.KeepAliveInterval,
		Backlog:      c.AcceptBacklog,
		CloseTimeout: c.StreamCloseTimeout,
		Log:          os.Stderr,
	}
}

// Flags registers the options with fs, with hashicorp's defaults. The module is left to Impl.
func Flags(fs *flag.FlagSet) *Options {
	o := Defaults()
	fs.UintVar(&o.Window, "window", o.Window, "receive window of a stream, `bytes`, at least 262144")
	fs.DurationVar(&o.Keepalive, "keepalive", o.Keepalive, "interval of pings; 0 = none")
	fs.IntVar(&o.Backlog, "backlog", o.Backlog, "unaccepted streams before a new one is reset")
	fs.DurationVar(&o.CloseTimeout, "close-timeout", o.CloseTimeout,
		"time from our FIN to a RST when the peer does not end its direction; go-yamux has none")
	return &o
}

// Has tells whether this program was built with the module of that name.
func Has(impl string) bool {
	_, err := find(impl)
	return err == nil
}

// Client starts the end whose streams have odd ids.
func Client(conn net.Conn, o Options) (Session, error) {
	m, err := find(o.Impl)
	if err != nil {
		return nil, err
	}
	return m.client(conn, o)
}

// Server starts the end whose streams have even ids.
func Server(conn net.Conn, o Options) (Session, error) {
	m, err := find(o.Impl)
	if err != nil {
		return nil, err
	}
	return m.server(conn, o)
}

func find(impl string) (module, error) {
	for _, m := range modules {
		if m.name == impl {
			return m, nil
		}
	}
	return module{}, fmt.Errorf("this program has no yamux module named %q", impl)
}
