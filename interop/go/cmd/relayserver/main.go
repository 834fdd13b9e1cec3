// Relayserver is a relay server of the base protocol over hashicorp/yamux.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"relay4j.org/interop/internal/relay"
	"relay4j.org/interop/internal/session"
)

func main() {
	options := session.Flags(flag.CommandLine)
	listen := flag.String("listen", "127.0.0.1:0", "control `address`")
	public := flag.String("public", "127.0.0.1", "`host` that public ports are bound to")
	flag.Parse()
	if flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	control, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	server := relay.NewServer(control, *public, *options)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		server.Close()
		os.Exit(0)
	}()
	fmt.Printf("listening on %d\n", control.Addr().(*net.TCPAddr).Port)
	if err := server.Serve(); err != nil {
		log.Fatal(err)
	}
	select {} // closing: ending now would leave the visitors a clean end where they are to be reset
}
