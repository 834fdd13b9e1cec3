package drive

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"relay4j.org/interop/internal/behave"
	"relay4j.org/interop/internal/session"
)

func TestScenariosInBothRoles(t *testing.T) {
	for _, window := range []uint{256 << 10, 6 << 20} {
		for _, role := range []string{"client", "server"} {
			t.Run(fmt.Sprintf("%s-%d", role, window), func(t *testing.T) {
				client, server := pair(t, window)
				us, them := client, server
				if role == "server" {
					us, them = server, client
				}
				go behave.Session(them, -1)
				var out strings.Builder
				failed := Run(&out, Streams(us), 42) + Session(&out, us, 300*time.Millisecond)
				if failed > 0 || strings.Count(out.String(), "ok ") != len(scenarios)+3 {
					t.Errorf("%d failed:\n%s", failed, out.String())
				}
			})
		}
	}
}

func TestScenariosOverPlainTCP(t *testing.T) {
	ln := listen(t)
	go behave.Listener(ln)
	var out strings.Builder
	if Run(&out, TCP(ln.Addr().String()), 43) > 0 {
		t.Error(out.String())
	}
}

// A peer that does not do what it should has to be reported, or the scenarios prove nothing.
func TestScenariosFailAgainstAWrongPeer(t *testing.T) {
	ln := listen(t)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "nonsense")
			conn.Close()
		}
	}()
	var out strings.Builder
	if failed := Run(&out, TCP(ln.Addr().String()), 44); failed != len(scenarios) {
		t.Errorf("only %d of %d failed:\n%s", failed, len(scenarios), out.String())
	}
}

func pair(t *testing.T, window uint) (client, server session.Session) {
	t.Helper()
	ln := listen(t)
	ours, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	options := session.Defaults()
	options.Window = window
	options.Keepalive = 50 * time.Millisecond
	options.Log = io.Discard
	if client, err = session.Client(ours, options); err != nil {
		t.Fatal(err)
	}
	if server, err = session.Server(theirs, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}
