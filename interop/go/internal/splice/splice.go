// Package splice joins a TCP connection with a yamux stream.
package splice

import (
	"io"
	"net"
	"time"

	"relay4j.org/interop/internal/session"
)

// drainTime bounds how long the rest of a stream is read and thrown away after its TCP connection broke. Without it
// the peer would sit on an exhausted window: the module has no reset to free it with.
const drainTime = 5 * time.Second

// Join carries bytes both ways until both directions have ended, then closes conn. The end of one direction is carried
// to the other side while the opposite direction goes on; an error, or the end of the session, resets conn.
func Join(conn *net.TCPConn, stream session.Stream, sess session.Session) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := io.Copy(stream, conn); err != nil {
			abort(conn, stream)
		} else {
			stream.Close() // FIN; reading goes on
		}
	}()
	fromStream(conn, stream, sess)
	<-done
	conn.Close()
}

func fromStream(conn *net.TCPConn, stream session.Stream, sess session.Session) {
	_, err := io.Copy(conn, stream)
	// Streams of a session that has ended read as EOF, as if the peer had sent FIN.
	if err == nil && !sess.IsClosed() {
		conn.CloseWrite()
		return
	}
	abort(conn, stream)
	io.Copy(io.Discard, stream)
}

// Refuse ends a stream for which there is no TCP connection. The peer ought to see a reset; the module can send no
// more than FIN.
func Refuse(stream session.Stream) {
	finish(stream)
	io.Copy(io.Discard, stream)
}

// abort resets conn. The stream gets FIN, since nothing stronger can be sent.
func abort(conn *net.TCPConn, stream session.Stream) {
	conn.SetLinger(0)
	conn.Close()
	finish(stream)
}

func finish(stream session.Stream) {
	stream.SetReadDeadline(time.Now().Add(drainTime))
	stream.Close()
}
