// Differential is one side of a script of streams over hashicorp/yamux. It reads the script from standard input, plays
// its side of each stream, and prints what the application saw of it. The same script is played with our session on
// either side, and the lines are compared.
//
// A line of the script is one stream: its number, the seed of its contents, and for side a and then for side b the
// length and the number of its writes, when it writes, how it ends, and what it reads: see the type part.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/hashicorp/yamux"
)

// doneStream is the stream on which b tells a that it has seen all that it will see before the session ends.
const doneStream = 0xFFFFFFFF

func main() {
	side := flag.String("side", "", "a (opens the streams) or b")
	role := flag.String("role", "", "client (odd stream ids) or server (even)")
	listen := flag.String("listen", "", "`address` to accept one connection on")
	dial := flag.String("dial", "", "`address` to connect to")
	flag.Parse()
	if (*side != "a" && *side != "b") || (*role != "client" && *role != "server") || (*listen == "") == (*dial == "") {
		flag.Usage()
		os.Exit(2)
	}
	script := must(readScript(os.Stdin))
	sess := start(connect(*listen, *dial), *role)
	var players []*player
	if *side == "a" {
		players = playA(sess, script)
	} else {
		players = playB(sess, script)
	}
	for _, p := range players {
		fmt.Println(p.outcome())
	}
}

func connect(listen, dial string) net.Conn {
	if dial != "" {
		return must(net.Dial("tcp", dial))
	}
	ln := must(net.Listen("tcp", listen))
	fmt.Printf("listening on %d\n", ln.Addr().(*net.TCPAddr).Port)
	return must(ln.Accept())
}

func start(conn net.Conn, role string) *yamux.Session {
	config := yamux.DefaultConfig()
	config.LogOutput = io.Discard // a session that ends is part of the script
	if role == "client" {
		return must(yamux.Client(conn, config))
	}
	return must(yamux.Server(conn, config))
}

// playA opens all streams, waits until both sides have seen what there is to see, and ends the session.
func playA(sess *yamux.Session, script []line) []*player {
	players := make([]*player, 0, len(script))
	for _, l := range script {
		stream := must(sess.OpenStream())
		must(stream.Write(binary.BigEndian.AppendUint32(nil, l.number)))
		p := newPlayer("a", l, stream)
		players = append(players, p)
		go p.play()
	}
	settle(players)
	done := must(sess.OpenStream())
	must(done.Write(binary.BigEndian.AppendUint32(nil, doneStream)))
	must(io.ReadFull(done, make([]byte, 1)))
	sess.Close()
	finish(players)
	return players
}

func playB(sess *yamux.Session, script []line) []*player {
	players := make([]*player, 0, len(script))
	var done *yamux.Stream
	for done == nil || len(players) < len(script) {
		stream := must(sess.AcceptStream())
		var number [4]byte
		must(io.ReadFull(stream, number[:]))
		n := binary.BigEndian.Uint32(number[:])
		if n == doneStream {
			done = stream
			continue
		}
		p := newPlayer("b", script[n], stream)
		players = append(players, p)
		go p.play()
	}
	settle(players)
	done.Write([]byte{'d'}) // a may have read it, and ended the session, before this returns
	finish(players)
	return players
}

func settle(players []*player) {
	for _, p := range players {
		<-p.settled
	}
}

func finish(players []*player) {
	for _, p := range players {
		<-p.finished
	}
}

func readScript(in io.Reader) ([]line, error) {
	var script []line
	for scanner := bufio.NewScanner(in); scanner.Scan(); {
		var l line
		_, err := fmt.Sscan(scanner.Text(), &l.number, &l.seed,
			&l.a.chunk, &l.a.count, &l.a.when, &l.a.end, &l.a.read,
			&l.b.chunk, &l.b.count, &l.b.when, &l.b.end, &l.b.read)
		if err != nil || int(l.number) != len(script) {
			return nil, fmt.Errorf("line %q: %v", scanner.Text(), err)
		}
		script = append(script, l)
	}
	return script, nil
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
