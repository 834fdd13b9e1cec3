package portline

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestReadLeavesWhatFollowsTheLine(t *testing.T) {
	for _, line := range []string{"4532\n", "4532\r\n"} {
		r := strings.NewReader(line + "\x00\x01frame")
		port, err := Read(r)
		if err != nil || port != 4532 {
			t.Fatalf("%q: got %d, %v", line, port, err)
		}
		if rest, _ := io.ReadAll(r); string(rest) != "\x00\x01frame" {
			t.Errorf("%q: read past the line, left %q", line, rest)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, line := range []string{
		"\n", "0\n", "65536\n", "045320\n", "-1\n", "+1\n", " 80\n", "80 \n", "eighty\n", "4532", "",
		"ERR no-port-free all in use\n", strings.Repeat("1", 300) + "\n",
	} {
		if port, err := Read(strings.NewReader(line)); err == nil {
			t.Errorf("%q: accepted as %d", line, port)
		}
	}
}

func TestRefusalIsReportedWithItsText(t *testing.T) {
	_, err := Read(strings.NewReader("ERR no-port-free all in use\n"))
	if err == nil || !strings.Contains(err.Error(), "ERR no-port-free all in use") {
		t.Errorf("got %v", err)
	}
}

func TestWrite(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, 65535); err != nil || b.String() != "65535\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
