package drive

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"time"

	"relay4j.org/interop/internal/xorshift"
)

const (
	mib        = 1 << 20
	concurrent = 200
)

// empty ends its direction without a byte, and expects the same.
func empty(d Dial, _ *rand.Rand) error {
	c, err := d()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.CloseWrite(); err != nil {
		return err
	}
	return expectEnd(c)
}

func echoSizes(d Dial, rnd *rand.Rand) error {
	sizes := []int{0, 1, 11, 12, 13, 4095, 4096, 65536, 256<<10 - 1, 256 << 10, 256<<10 + 1, 16 * mib}
	for i := 0; i < 8; i++ {
		sizes = append(sizes, rnd.Intn(16*mib+1))
	}
	for _, size := range sizes {
		if err := echo(d, size, rnd.Uint64()); err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
	}
	return nil
}

func echoConcurrent(d Dial, rnd *rand.Rand) error {
	results := make(chan error, concurrent)
	for i := 0; i < concurrent; i++ {
		size, seed := rnd.Intn(mib/2), rnd.Uint64()
		go func() { results <- echo(d, size, seed) }()
	}
	return join(results, concurrent)
}

// openClose ends every connection at once, before the peer can have answered anything.
func openClose(d Dial, _ *rand.Rand) error {
	for i := 0; i < 500; i++ {
		if err := empty(d, nil); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	return nil
}

// lateReply gets the whole answer after it has ended its own direction.
func lateReply(d Dial, rnd *rand.Rand) error {
	for _, size := range []int{0, 1, 100_000, 3*mib + 7} {
		if err := sink(d, xorshift.Bytes(rnd.Uint64(), size)); err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
	}
	return nil
}

func sink(d Dial, data []byte) error {
	c, err := request(d, 'S')
	if err != nil {
		return err
	}
	defer c.Close()
	if !halfCloses(c) {
		return errNoHalfClose
	}
	if _, err := c.Write(data); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	return expect(c, append(binary.BigEndian.AppendUint64(nil, uint64(len(data))), sum[:]...))
}

// peerClosesFirst goes on sending after the peer has ended its direction.
func peerClosesFirst(d Dial, rnd *rand.Rand) error {
	for _, size := range []int{0, 1, 100_000, 5*mib + 3} {
		if err := generated(d, size, rnd.Uint64(), 0); err != nil {
			return fmt.Errorf("%d bytes: %w", size, err)
		}
	}
	return nil
}

// slowReader reads with pauses, so that the peer runs out of window.
func slowReader(d Dial, rnd *rand.Rand) error {
	return generated(d, 2*mib, rnd.Uint64(), time.Millisecond)
}

// stalledReader leaves one connection unread while others must get on.
func stalledReader(d Dial, rnd *rand.Rand) error {
	seed := rnd.Uint64()
	c, err := request(d, 'G', generate(2*mib, seed)...)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := 0; i < 5; i++ {
		if err := echo(d, mib, rnd.Uint64()); err != nil {
			return fmt.Errorf("beside a stalled connection: %w", err)
		}
	}
	if err := compare(c, xorshift.New(seed), 2*mib, 0); err != nil {
		return err
	}
	return expectEnd(c)
}

// slowPeer sends to a peer that reads with pauses.
func slowPeer(d Dial, rnd *rand.Rand) error {
	const size = 1*mib + 1
	c, err := request(d, 'L', xorshift.Bytes(rnd.Uint64(), size)...)
	if err != nil {
		return err
	}
	defer c.Close()
	if !halfCloses(c) {
		return errNoHalfClose
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	return expect(c, binary.BigEndian.AppendUint64(nil, size))
}

func generated(d Dial, size int, seed uint64, pause time.Duration) error {
	c, err := request(d, 'G', generate(size, seed)...)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := compare(c, xorshift.New(seed), size, pause); err != nil {
		return err
	}
	if err := expectEnd(c); err != nil {
		return err
	}
	if _, err := c.Write(make([]byte, mib)); err != nil {
		return fmt.Errorf("sending after the peer's end: %w", err)
	}
	return c.CloseWrite()
}

func generate(size int, seed uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(size)), seed)
}

// request opens a connection and sends the letter of a behaviour with its first bytes.
func request(d Dial, what byte, first ...byte) (Conn, error) {
	c, err := d()
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(append([]byte{what}, first...)); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func echo(d Dial, size int, seed uint64) error {
	c, err := request(d, 'E')
	if err != nil {
		return err
	}
	defer c.Close()
	sent := make(chan error, 1)
	go func() {
		_, err := io.CopyN(c, xorshift.New(seed), int64(size))
		if err == nil && halfCloses(c) {
			err = c.CloseWrite()
		}
		sent <- err
	}()
	if err := compare(c, xorshift.New(seed), size, 0); err != nil {
		return err
	}
	if !halfCloses(c) {
		return errors.Join(<-sent, c.CloseWrite())
	}
	return errors.Join(<-sent, expectEnd(c))
}

// compare reads size bytes from c, and wants them to be those of want.
func compare(c Conn, want io.Reader, size int, pause time.Duration) error {
	got, expected := make([]byte, 32<<10), make([]byte, 32<<10)
	for at := 0; at < size; {
		n, err := c.Read(got[:min(len(got), size-at)])
		if err != nil {
			return fmt.Errorf("after %d of %d bytes: %w", at, size, err)
		}
		want.Read(expected[:n])
		if !bytes.Equal(got[:n], expected[:n]) {
			return fmt.Errorf("wrong bytes between %d and %d", at, at+n)
		}
		at += n
		time.Sleep(pause)
	}
	return nil
}

func expect(c Conn, want []byte) error {
	got, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("got %x, want %x", got, want)
	}
	return nil
}

func expectEnd(c Conn) error { return expect(c, nil) }

func join(results <-chan error, n int) error {
	var all error
	for ; n > 0; n-- {
		if err := <-results; err != nil {
			all = err
		}
	}
	return all
}
