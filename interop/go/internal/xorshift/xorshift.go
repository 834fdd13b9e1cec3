// Package xorshift is the deterministic byte generator of the interoperability programs.
//
// It is xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"): 64 bits of
// state, and per step
//
//	x ^= x >> 12; x ^= x << 25; x ^= x >> 27; word = x * 0x2545F4914F6CDD1D
//
// all modulo 2^64 and with logical shifts. The state starts as the seed, or as 0x9E3779B97F4A7C15 when the seed is 0.
// The words are written one after another in little-endian byte order; a length that is no multiple of 8 cuts the last word.
package xorshift

import "encoding/binary"

const (
	multiplier = 0x2545F4914F6CDD1D
	zeroSeed   = 0x9E3779B97F4A7C15
)

// Source is an endless io.Reader of the generator's bytes. It is not safe for concurrent use.
type Source struct {
	state uint64
	rest  [8]byte
	left  int // bytes of rest not handed out yet, at its end
}

// New returns the source that begins with the given seed.
func New(seed uint64) *Source {
	if seed == 0 {
		seed = zeroSeed
	}
	return &Source{state: seed}
}

func (s *Source) word() uint64 {
	s.state ^= s.state >> 12
	s.state ^= s.state << 25
	s.state ^= s.state >> 27
	return s.state * multiplier
}

// Read fills p; it never fails and never returns less.
func (s *Source) Read(p []byte) (int, error) {
	n := copy(p, s.rest[8-s.left:])
	s.left -= n
	for len(p)-n >= 8 {
		binary.LittleEndian.PutUint64(p[n:], s.word())
		n += 8
	}
	if n < len(p) {
		binary.LittleEndian.PutUint64(s.rest[:], s.word())
		took := copy(p[n:], s.rest[:])
		s.left = 8 - took
		n += took
	}
	return n, nil
}

// Bytes returns the first n bytes that the seed gives.
func Bytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	New(seed).Read(b)
	return b
}
