// Package programs tests the programs under cmd as separate processes.
package programs

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relay4j.org/interop/internal/behave"
	"relay4j.org/interop/internal/session"
	"relay4j.org/interop/internal/xorshift"
)

var bin string // folder of the built programs

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	bin = dir
	build("-o", bin, "relay4j.org/interop/cmd/...")
	build("-modfile", "../../fatedier.mod", "-o", filepath.Join(bin, "yamuxpeer-fatedier"), "relay4j.org/interop/cmd/yamuxpeer")
	return m.Run()
}

func build(args ...string) {
	if out, err := exec.Command("go", append([]string{"build"}, args...)...).CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
}

func TestVisitorThroughServerAndClient(t *testing.T) {
	client := start(t, "relayclient", "-window", "6291456", "-keepalive", "100ms", server(t))
	run(t, "visitor", "-seed", "46", local(client.line(t, "public port ")))
}

func TestVisitorThroughForwarder(t *testing.T) {
	first := start(t, "relayclient", server(t))
	second := start(t, "forwarder", server(t), local(first.line(t, "public port ")))
	run(t, "visitor", "-seed", "47", local(second.line(t, "public port ")))
}

func TestYamuxPeersInBothRoles(t *testing.T) {
	// The fork only drives: after its own end it reads nothing, so peer-closes-first would wait for ever.
	for _, impls := range [][]string{
		{"hashicorp", "hashicorp"}, {"hashicorp", "go-yamux"}, {"go-yamux", "hashicorp"}, {"go-yamux", "fatedier"},
	} {
		for _, role := range [][]string{{"client", "server"}, {"server", "client"}} {
			peer := start(t, "yamuxpeer", "-impl", impls[0], "-listen", "127.0.0.1:0", "-role", role[0])
			run(t, "yamuxpeer", "-impl", impls[1], "-dial", local(peer.line(t, "listening on ")), "-role", role[1],
				"-drive", "-seed", "48", "-keepalive", "50ms", "-idle", "200ms")
		}
	}
}

// Data, half-close and the end of an echoed stream, without any letter of a behaviour.
func TestEchoFromTheFirstByte(t *testing.T) {
	for _, impl := range []string{"hashicorp", "fatedier", "go-yamux"} {
		peer := start(t, "yamuxpeer", "-impl", impl, "-echo", "-listen", "127.0.0.1:0", "-role", "server")
		conn, err := net.Dial("tcp", local(peer.line(t, "listening on ")))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		sess, err := session.Client(conn, session.Defaults())
		if err != nil {
			t.Fatal(err)
		}
		defer sess.Close()
		stream, err := sess.Open()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(stream, "Gone")
		stream.CloseWrite()
		if got, err := io.ReadAll(stream); string(got) != "Gone" || err != nil {
			t.Errorf("%s: got %q, %v", impl, got, err)
		}
	}
}

func TestKilledClientIsAReset(t *testing.T) {
	client := start(t, "relayclient", server(t))
	conn, err := net.Dial("tcp", local(client.line(t, "public port ")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, "K")
	got, err := io.ReadAll(conn)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after %d bytes: got %v, want a reset", len(got), err)
	}
	if !bytes.HasPrefix(xorshift.Bytes(behave.CutSeed, behave.CutBytes), got) {
		t.Error("wrong bytes before the reset")
	}
	client.cmd.Wait()
	if status := client.cmd.ProcessState.ExitCode(); status != behave.KillStatus {
		t.Errorf("exit status %d", status)
	}
}

func TestUsage(t *testing.T) {
	for _, program := range []string{"relayclient", "forwarder", "yamuxpeer", "visitor"} {
		cmd := exec.Command(filepath.Join(bin, program))
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 2 {
			t.Errorf("%s: status %d, %s", program, cmd.ProcessState.ExitCode(), out)
		}
	}
}

type process struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

// start runs a program until the end of the test.
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, program), args...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", program, errors.String())
		}
	})
	return &process{cmd, bufio.NewScanner(out)}
}

// line returns what follows the prefix in the next line of the program's output.
func (p *process) line(t *testing.T, prefix string) string {
	t.Helper()
	if !p.out.Scan() || !strings.HasPrefix(p.out.Text(), prefix) {
		t.Fatalf("got %q, want %s...", p.out.Text(), prefix)
	}
	return strings.TrimPrefix(p.out.Text(), prefix)
}

// run runs a program to its end, which must be a good one.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.Command(filepath.Join(bin, program), args...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "FAIL") || !strings.Contains(string(out), "ok ") {
		t.Errorf("%s: %v\n%s", program, err, out)
	}
}

func server(t *testing.T) string {
	t.Helper()
	return local(start(t, "relayserver").line(t, "listening on "))
}

func local(port string) string { return "127.0.0.1:" + port }
