// Package session holds the yamux settings that the programs share, and the flags for them.
package session

import (
	"flag"
	"io"
	"os"
	"time"

	"github.com/hashicorp/yamux"
)

// Options are the settings of a session that can be chosen on the command line.
type Options struct {
	Window       uint          // receive window of a stream in bytes, announced when it is more than 256 KiB
	Keepalive    time.Duration // 0 = no pings from this side
	Backlog      int           // streams waiting for Accept before new ones are reset
	CloseTimeout time.Duration // from our FIN to the RST, when the peer does not end its direction
	Log          io.Writer
}

// Defaults are hashicorp's own.
func Defaults() Options {
	c := yamux.DefaultConfig()
	return Options{
		Window:       uint(c.MaxStreamWindowSize),
		Keepalive:    c.KeepAliveInterval,
		Backlog:      c.AcceptBacklog,
		CloseTimeout: c.StreamCloseTimeout,
		Log:          os.Stderr,
	}
}

// Flags registers the options with fs, with hashicorp's defaults.
func Flags(fs *flag.FlagSet) *Options {
	o := Defaults()
	fs.UintVar(&o.Window, "window", o.Window, "receive window of a stream, `bytes`, at least 262144")
	fs.DurationVar(&o.Keepalive, "keepalive", o.Keepalive, "interval of pings; 0 = none")
	fs.IntVar(&o.Backlog, "backlog", o.Backlog, "unaccepted streams before a new one is reset")
	fs.DurationVar(&o.CloseTimeout, "close-timeout", o.CloseTimeout,
		"time from our FIN to a RST when the peer does not end its direction")
	return &o
}

// Config returns the yamux form of the options.
func (o Options) Config() *yamux.Config {
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
