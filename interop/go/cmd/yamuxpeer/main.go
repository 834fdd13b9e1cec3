// Yamuxpeer is one end of a bare yamux session over TCP, without a port line. It serves the streams that the other
// end opens, or drives the other end with -drive.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"syscall"
	"time"

	"relay4j.org/interop/internal/behave"
	"relay4j.org/interop/internal/drive"
	"relay4j.org/interop/internal/session"
)

func main() {
	options := session.Flags(flag.CommandLine)
	flag.StringVar(&options.Impl, "impl", options.Impl, "yamux `module`: hashicorp, fatedier or go-yamux")
	listen := flag.String("listen", "", "`address` to accept one connection on after another")
	dial := flag.String("dial", "", "`address` to connect to")
	role := flag.String("role", "", "client (odd stream ids) or server (even)")
	driving := flag.Bool("drive", false, "run the scenarios over the first connection, and exit")
	idle := flag.Duration("idle", 0, "with -drive: time without a stream, before the last ping")
	seed := flag.Int64("seed", time.Now().UnixNano(), "with -drive: seed of sizes and contents")
	echo := flag.Bool("echo", false, "with -listen: echo on every stream from its first byte, in place of the behaviours")
	limit := flag.Int("accept-limit", -1, "accept only this many streams of a session")
	flag.Parse()
	if (*listen == "") == (*dial == "") || (*role != "client" && *role != "server") || flag.NArg() != 0 ||
		(*echo && *listen == "") || (*driving && *echo) {
		flag.Usage()
		os.Exit(2)
	}
	if options.Impl == "fatedier" && !session.Has(options.Impl) {
		otherBuild(options.Impl)
	}
	serve := behave.Session
	if *echo {
		serve = behave.EchoSession
	}
	next := connections(*listen, *dial)
	for {
		sess := start(next(), *role, *options)
		if *driving {
			os.Exit(run(sess, *seed, *idle))
		}
		_, err := serve(sess, *limit)
		log.Printf("session ended: %v", err)
		if *dial != "" {
			os.Exit(1)
		}
	}
}

// otherBuild continues as the program beside this one that has the module: two modules with one path cannot be in the
// same program.
func otherBuild(impl string) {
	self := must(os.Executable())
	other := self + "-" + impl
	log.Fatal(other, ": ", syscall.Exec(other, append([]string{other}, os.Args[1:]...), os.Environ()))
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

func start(conn net.Conn, role string, options session.Options) session.Session {
	if role == "client" {
		return must(session.Client(conn, options))
	}
	return must(session.Server(conn, options))
}

func run(sess session.Session, seed int64, idle time.Duration) int {
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
