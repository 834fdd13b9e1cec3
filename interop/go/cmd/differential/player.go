package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/yamux"

	"relay4j.org/interop/internal/xorshift"
)

const (
	readSize  = 16 << 10
	slowPause = time.Millisecond
)

// line is one stream of the script.
type line struct {
	number uint32
	seed   uint64
	a, b   part
}

// part is what one side does with a stream.
type part struct {
	chunk, count int    // bytes of a write, and how many writes
	when         string // at-once, or after-end: when everything was read
	end          string // fin, reset (when everything was read), or open: to the end of the session
	read         string // all, slow, or a number of bytes after which the stream is closed
}

func (p part) total() int { return p.chunk * p.count }

// player is one side of one stream.
type player struct {
	side     string
	number   uint32
	mine     part
	expected int // bytes that the other side sends
	seed     uint64
	stream   *yamux.Stream
	settled  chan struct{} // closed when nothing more happens before the session ends
	finished chan struct{} // closed when nothing more happens
	settle   sync.Once

	wrote  string
	got    int
	digest hash.Hash
	ended  string
}

func newPlayer(side string, l line, stream *yamux.Stream) *player {
	p := &player{side: side, number: l.number, mine: l.a, expected: l.b.total(), seed: l.seed, stream: stream,
		settled: make(chan struct{}), finished: make(chan struct{}), digest: sha256.New(), wrote: "ok", ended: "-"}
	if side == "b" {
		p.mine, p.expected, p.seed = l.b, l.a.total(), l.seed+1
	}
	return p
}

func (p *player) play() {
	defer close(p.finished)
	defer p.hasSettled()
	written := make(chan struct{})
	if p.mine.when == "at-once" {
		go func() { p.write(); close(written) }()
	}
	p.readAll(written)
	if p.mine.when == "after-end" {
		p.write()
	} else {
		<-written
	}
	if p.mine.end != "open" {
		p.stream.Close() // also for a reset, which the module cannot send
	}
}

func (p *player) write() {
	source := xorshift.New(p.seed)
	buf := make([]byte, p.mine.chunk)
	for range p.mine.count {
		source.Read(buf)
		if _, err := p.stream.Write(buf); err != nil {
			p.wrote = endOf(err)
			return
		}
	}
	if p.mine.end == "fin" {
		p.stream.Close()
	}
}

func (p *player) readAll(written <-chan struct{}) {
	limit, err := strconv.Atoi(p.mine.read)
	limited := err == nil
	buf := make([]byte, readSize)
	for !limited || p.got < limit {
		if p.mine.end == "open" && p.got == p.expected {
			go func() { <-written; p.hasSettled() }()
		}
		most := len(buf)
		if limited {
			most = min(most, limit-p.got)
		}
		n, err := p.stream.Read(buf[:most])
		p.got += n
		p.digest.Write(buf[:n])
		if err != nil {
			p.ended = endOf(err)
			return
		}
		if p.mine.read == "slow" {
			time.Sleep(slowPause)
		}
	}
}

func (p *player) hasSettled() { p.settle.Do(func() { close(p.settled) }) }

// outcome is what the application saw: side, number, writes, bytes, their digest, and the end.
func (p *player) outcome() string {
	return fmt.Sprintf("%s %d %s %d %x %s", p.side, p.number, p.wrote, p.got, p.digest.Sum(nil)[:8], p.ended)
}

func endOf(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "eof"
	case errors.Is(err, yamux.ErrConnectionReset):
		return "reset"
	case errors.Is(err, yamux.ErrSessionShutdown):
		return "session"
	}
	return "error:" + strconv.Quote(err.Error())
}
