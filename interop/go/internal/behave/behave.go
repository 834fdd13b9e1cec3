// Package behave is the service that the interoperability programs offer on every stream. The first byte that
// arrives chooses what happens to the stream; README.md has the list.
package behave

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"relay4j.org/interop/internal/xorshift"
)

const (
	// CutBytes is what 'K' and 'C' send before they break the transfer off.
	CutBytes = 100_000
	// CutSeed is the generator's seed of these bytes.
	CutSeed = 1

	slowChunk = 4 << 10
	slowPause = time.Millisecond
	slowMax   = 4 << 20
)

// Conn is a bidirectional connection whose two directions end separately.
type Conn interface {
	io.ReadWriter
	CloseWrite() error
}

// Actions are what a behaviour needs beyond its own stream.
type Actions struct {
	Kill   func()               // ends the process
	Cut    func()               // ends the session, or the connection
	Reset  func(Conn)           // ends the stream as abruptly as its kind allows
	GoAway func() error         // takes no more streams; nil without a session
	Open   func() (Conn, error) // opens a stream to the peer; nil without a session
}

// Serve runs the behaviour that the first byte of c asks for, and returns when it is done.
func Serve(c Conn, a Actions) error {
	var what [1]byte
	if _, err := io.ReadFull(c, what[:]); err != nil {
		if err == io.EOF { // a visitor without a word
			return c.CloseWrite()
		}
		return err
	}
	switch what[0] {
	case 'E':
		return echo(c)
	case 'S':
		return sink(c)
	case 'G':
		return generate(c)
	case 'R':
		return reset(c, a)
	case 'L':
		return readSlowly(c)
	case 'K':
		return breakOff(c, a.Kill)
	case 'C':
		return breakOff(c, a.Cut)
	case 'A':
		if a.GoAway != nil {
			return goAway(c, a)
		}
	case 'O':
		if a.Open != nil {
			return open(c, a)
		}
	}
	c.CloseWrite()
	return fmt.Errorf("unknown behaviour %q", what[0])
}

func echo(c Conn) error {
	if _, err := io.Copy(c, c); err != nil {
		return err
	}
	return c.CloseWrite()
}

// sink replies only after the visitor has ended its direction.
func sink(c Conn) error {
	sum := sha256.New()
	n, err := io.Copy(sum, c)
	if err != nil {
		return err
	}
	return reply(c, sum.Sum(binary.BigEndian.AppendUint64(nil, uint64(n))))
}

// generate ends its own direction first and goes on reading.
func generate(c Conn) error {
	var request [16]byte
	if _, err := io.ReadFull(c, request[:]); err != nil {
		return err
	}
	length := binary.BigEndian.Uint64(request[:8])
	seed := binary.BigEndian.Uint64(request[8:])
	if _, err := io.CopyN(c, xorshift.New(seed), int64(length)); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, c)
	return err
}

func reset(c Conn, a Actions) error {
	var one [1]byte
	if _, err := io.ReadFull(c, one[:]); err != nil {
		return err
	}
	a.Reset(c)
	return nil
}

// readSlowly lets the visitor's window run out again and again. What comes after slowMax is read at full speed and
// not counted, so that the visitor is never left blocked.
func readSlowly(c Conn) error {
	buf := make([]byte, slowChunk)
	var n uint64
	for n < slowMax {
		got, err := io.ReadFull(c, buf)
		n += uint64(got)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return err
		}
		time.Sleep(slowPause)
	}
	if err := reply(c, binary.BigEndian.AppendUint64(nil, n)); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, c)
	return err
}

func breakOff(c Conn, end func()) error {
	if _, err := c.Write(xorshift.Bytes(CutSeed, CutBytes)); err != nil {
		return err
	}
	end()
	return nil
}

// goAway confirms that the announcement was sent by echoing, which an open stream must still be able to do.
func goAway(c Conn, a Actions) error {
	if err := a.GoAway(); err != nil {
		return err
	}
	return echo(c)
}

// open tells the peer how it treats a stream that this side opens.
func open(c Conn, a Actions) error {
	err := exchange(a.Open)
	if err != nil {
		return reply(c, []byte(err.Error()))
	}
	return reply(c, []byte("ok"))
}

func exchange(open func() (Conn, error)) error {
	c, err := open()
	if err != nil {
		return err
	}
	if _, err := c.Write([]byte("Ex")); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	if err == nil && string(got) != "x" {
		err = fmt.Errorf("got %q back", got)
	}
	return err
}

func reply(c Conn, b []byte) error {
	if _, err := c.Write(b); err != nil {
		return err
	}
	return c.CloseWrite()
}
