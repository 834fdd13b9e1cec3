package xorshift

import (
	"bytes"
	"encoding/hex"
	"io"
	"testing"
)

// The vectors are repeated in README.md, for implementations in other languages.
func TestVectors(t *testing.T) {
	for _, v := range []struct {
		seed uint64
		hex  string
	}{
		{1, "1ddd6c894bcee4471d6579e0a8a6cfab571f73eb"},
		{0, "7a48219ae2b3830d679dfef1794cc454780e7a00"},
		{0x0123456789abcdef, "8c70b62c4782947cde281fbf925670d5c005e0a5"},
	} {
		if got := hex.EncodeToString(Bytes(v.seed, 20)); got != v.hex {
			t.Errorf("seed %#x: got %s, want %s", v.seed, got, v.hex)
		}
	}
}

func TestReadsOfAnySizeGiveTheSameBytes(t *testing.T) {
	want := Bytes(7, 10_000)
	src := New(7)
	var got []byte
	for size := 0; len(got) < len(want); size = (size + 3) % 29 {
		part := make([]byte, min(size, len(want)-len(got)))
		if _, err := io.ReadFull(src, part); err != nil {
			t.Fatal(err)
		}
		got = append(got, part...)
	}
	if !bytes.Equal(got, want) {
		t.Error("the bytes depend on the sizes of the reads")
	}
}
