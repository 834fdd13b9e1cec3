package relay

import (
	"log"
	"net"
	"sync"
	"time"

	"relay4j.org/interop/internal/portline"
	"relay4j.org/interop/internal/session"
	"relay4j.org/interop/internal/splice"
)

const handshakeTimeout = 10 * time.Second

// Tunnel is a relay client's connection to its server.
type Tunnel struct {
	Port    int // public port at the server
	Session session.Session
}

// Dial connects to a relay server and reads the port line.
func Dial(address string, options session.Options) (*Tunnel, error) {
	conn, err := net.DialTimeout("tcp", address, handshakeTimeout)
	if err != nil {
		return nil, err
	}
	conn.SetReadDeadline(time.Now().Add(handshakeTimeout))
	port, err := portline.Read(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	conn.SetReadDeadline(time.Time{})
	sess, err := session.Server(conn, options)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return &Tunnel{Port: port, Session: sess}, nil
}

// Forward splices every visitor with a connection to the local address, until the tunnel ends. It returns when
// every local connection has ended too.
func (t *Tunnel) Forward(local string) error {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		stream, err := t.Session.Accept()
		if err != nil {
			t.Session.Close()
			return err
		}
		open.Add(1)
		go func() {
			defer open.Done()
			t.forward(stream, local)
		}()
	}
}

func (t *Tunnel) forward(stream session.Stream, local string) {
	conn, err := net.Dial("tcp", local)
	if err != nil {
		log.Printf("stream %d: %v", stream.ID(), err)
		splice.Refuse(stream)
		return
	}
	splice.Join(conn.(*net.TCPConn), stream, t.Session)
}
