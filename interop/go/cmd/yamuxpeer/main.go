// Yamuxpeer is one end of a bare yamux session over TCP, without a port line. It serves the streams that the other
// end opens, or drives the other end with -drive.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/hashicorp/yamux"

	"relay4j.org/interop/internal/behave"
	"relay4j.org/interop/internal/drive"
	"relay4j.org/interop/internal/session"
)

func main() {
	options := session.Flags(flag.CommandLine)
	listen := flag.String("listen", "", "`address` to accept one connection on after another")
	dial := flag.String("dial", "", "`address` to connect to")
	role := flag.String("role", "", "client (odd stream ids) or server (even)")
	driving := flag.Bool("drive", false, "run the scenarios over the first connection, and exit")
	idle := flag.Duration("idle", 0, "with -drive: time without a stream, before the last ping")
	seed := flag.Int64("seed", time.Now().UnixNano(), "with -drive: seed of sizes and contents")
	limit := flag.Int("accept-limit", -1, "accept only this many streams of a session")
	flag.Parse()
	if (*listen == "") == (*dial == "") || (*role != "client" && *role != "server") || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	next := connections(*listen, *dial)
	for {
		sess := start(next(), *role, *options)
		if *driving {
			os.Exit(run(sess, *seed, *idle))
		}
		_, err := behave.Session(sess, *limit)
		log.Printf("session ended: %v", err)
		if *dial != "" {
			os.Exit(1)
		}
	}
}

// connections returns the source of TCP connections, listening or dialling.
func connections(listen, dial string) func() net.Conn {
	if dial != "" {
		return func() net.Conn { return must(net.Dial("tcp", dial)) }
	}
	ln := must(net.Listen("tcp", listen))
	fmt.Printf("listening on %d\n", ln.Addr().(*net.TCPAddr).Port)
	return func() net.Conn { return must(ln.Accept()) }
}

func start(conn net.Conn, role string, options session.Options) *yamux.Session {
	if role == "client" {
		return must(yamux.Client(conn, options.Config()))
	}
	return must(yamux.Server(conn, options.Config()))
}

func run(sess *yamux.Session, seed int64, idle time.Duration) int {
	log.Printf("seed %d", seed)
	go behave.Session(sess, -1) // the peer may open streams meanwhile
	failed := drive.Run(os.Stdout, drive.Streams(sess), seed)
	failed += drive.Session(os.Stdout, sess, idle)
	sess.Close()
	return min(failed, 1)
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
