// Forwarder is a relay client that passes every visitor on to a local address.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"relay4j.org/interop/internal/relay"
	"relay4j.org/interop/internal/session"
)

func main() {
	options := session.Flags(flag.CommandLine)
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: forwarder [flags] server-host:port local-host:port")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	tunnel, err := relay.Dial(flag.Arg(0), *options)
	if err != nil {
		log.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-signals
		tunnel.Session.Close() // Forward returns when all local connections are reset
	}()
	fmt.Printf("public port %d\n", tunnel.Port)
	log.Fatalf("tunnel ended: %v", tunnel.Forward(flag.Arg(1)))
}
