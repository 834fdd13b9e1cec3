package main

import (
	"regexp"
	"testing"
	"time"
)

// Every shape runs over every transport, for a moment, and every byte arrives.
func TestShapes(t *testing.T) {
	line := regexp.MustCompile(`^[0-9]+\.[0-9] [0-9]+\.[0-9]{2}$`)
	for _, sh := range shapes(2) {
		if sh.name == "SendRecvLarge" {
			sh.run = sendRecv(8<<20, largeRecv, 1)
		}
		for _, transport := range []string{"mem", "tcp", "tls"} {
			r, err := bench(sh, transport, time.Millisecond, 10*time.Millisecond)
			if err != nil || r.ops == 0 || !line.MatchString(r.String()) {
				t.Errorf("%s %s: %q, %v", sh.name, transport, r, err)
			}
		}
	}
}
