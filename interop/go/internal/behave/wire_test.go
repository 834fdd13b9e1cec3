package behave

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/yamux"

	"relay4j.org/interop/internal/session"
)

// What the module really puts on the wire, seen by a peer that writes its frames by hand. The Java tests rely on it.

const (
	syn1 = "000100010000000100000000"
	ack1 = "000100020000000100000000"
	fin1 = "000100040000000100000000"
	rst1 = "000100080000000100000000"
)

func TestResetIsFinThenRst(t *testing.T) {
	options := quiet()
	options.CloseTimeout = 50 * time.Millisecond
	peer := serve(t, options, -1)
	send(t, peer, syn1+"000000000000000100000002"+hex.EncodeToString([]byte("Rx")))
	receive(t, peer, ack1, fin1, rst1)
}

func TestNoRstWhenThePeerEndsItsDirectionInTime(t *testing.T) {
	options := quiet()
	options.CloseTimeout = 50 * time.Millisecond
	peer := serve(t, options, -1)
	send(t, peer, syn1+"000000000000000100000001"+hex.EncodeToString([]byte("E")))
	receive(t, peer, ack1)
	send(t, peer, fin1)
	receive(t, peer, fin1)
	expectSilence(t, peer, 200*time.Millisecond)
}

func TestBareRstOnlyWhenTheBacklogIsFull(t *testing.T) {
	options := quiet()
	options.Backlog = 1
	peer := serve(t, options, 0)
	send(t, peer, syn1+"000100010000000300000000")
	receive(t, peer, "000100080000000300000000")
}

func TestLargerWindowIsAnnouncedWithTheAck(t *testing.T) {
	options := quiet()
	options.Window = 6 << 20
	peer := serve(t, options, -1)
	send(t, peer, syn1)
	receive(t, peer, "0001000200000001005c0000")
}

func TestStreamEndedBeforeItIsAcceptedIsNeverAcknowledged(t *testing.T) {
	ours, theirs := connect(t)
	sess, err := session.Server(theirs, quiet())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sess.Close() })
	send(t, ours, syn1+fin1+"000200010000000000000007")
	receive(t, ours, "000200020000000000000007") // the pong: both frames have been handled
	go Session(sess, -1)
	receive(t, ours, fin1)
}

func TestCutSendsOnlyTheBytesAndTheEndOfTheConnection(t *testing.T) {
	peer := serve(t, quiet(), -1)
	send(t, peer, syn1+"000000000000000100000001"+hex.EncodeToString([]byte("C")))
	receive(t, peer, ack1, "0000000000000001000186a0")
	if n, _ := io.Copy(io.Discard, peer); n != CutBytes {
		t.Errorf("%d bytes after the header, want no more than %d", n, CutBytes)
	}
}

func TestSecondFinEndsTheSession(t *testing.T) {
	peer := serve(t, quiet(), -1)
	send(t, peer, syn1)
	receive(t, peer, ack1)
	send(t, peer, "000000000000000100000001"+hex.EncodeToString([]byte("G"))+fin1+fin1)
	if _, err := io.ReadAll(peer); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the session lives on")
	}
}

func TestGoAwayReachesTheWire(t *testing.T) {
	peer := serve(t, quiet(), -1)
	send(t, peer, syn1+"000000000000000100000002"+hex.EncodeToString([]byte("Ay")))
	receive(t, peer, ack1, "000300000000000000000000", "000000000000000100000001"+hex.EncodeToString([]byte("y")))
	send(t, peer, "000100010000000300000000")
	receive(t, peer, "000100080000000300000000")
}

func TestOpensAStreamWhenAsked(t *testing.T) {
	peer := serve(t, quiet(), -1)
	send(t, peer, syn1+"000000000000000100000001"+hex.EncodeToString([]byte("O")))
	receive(t, peer, ack1, "000100010000000200000000",
		"000000000000000200000002"+hex.EncodeToString([]byte("Ex")), "000100040000000200000000")
	send(t, peer, "000100020000000200000000"+"000000000000000200000001"+hex.EncodeToString([]byte("x"))+"000100040000000200000000")
	receive(t, peer, "000000000000000100000002"+hex.EncodeToString([]byte("ok")), fin1)
}

func TestSaysWhyAStreamCouldNotBeOpened(t *testing.T) {
	peer := serve(t, quiet(), -1)
	send(t, peer, "000300000000000000000000"+syn1+"000000000000000100000001"+hex.EncodeToString([]byte("O")))
	why := yamux.ErrRemoteGoAway.Error()
	receive(t, peer, ack1, fmt.Sprintf("0000000000000001%08x", len(why))+hex.EncodeToString([]byte(why)), fin1)
}

func quiet() session.Options {
	o := session.Defaults()
	o.Log = io.Discard
	o.Keepalive = 0
	return o
}

func serve(t *testing.T, options session.Options, limit int) net.Conn {
	t.Helper()
	ours, theirs := connect(t)
	sess, err := session.Server(theirs, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sess.Close() })
	go Session(sess, limit)
	return ours
}

func connect(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if ours, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	ours.SetDeadline(time.Now().Add(10 * time.Second))
	return ours, theirs
}

func send(t *testing.T, peer net.Conn, frames string) {
	t.Helper()
	b, err := hex.DecodeString(frames)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Write(b); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, peer net.Conn, frames ...string) {
	t.Helper()
	for _, want := range frames {
		got := make([]byte, len(want)/2)
		if _, err := io.ReadFull(peer, got); err != nil {
			t.Fatalf("waiting for %s: %v", want, err)
		}
		if hex.EncodeToString(got) != want {
			t.Fatalf("got %x, want %s", got, want)
		}
	}
}

func expectSilence(t *testing.T, peer net.Conn, d time.Duration) {
	t.Helper()
	peer.SetReadDeadline(time.Now().Add(d))
	var one [1]byte
	if n, err := peer.Read(one[:]); n != 0 || err == nil {
		t.Errorf("got %d bytes, %v; want silence", n, err)
	}
}
