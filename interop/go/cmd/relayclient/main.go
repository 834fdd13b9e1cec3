// Relayclient is a relay client that serves every visitor itself: see README.md for the behaviours.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"

	"relay4j.org/interop/internal/behave"
	"relay4j.org/interop/internal/relay"
	"relay4j.org/interop/internal/session"
)

func main() {
	options := session.Flags(flag.CommandLine)
	limit := flag.Int("accept-limit", -1, "accept only this many streams: later ones fill the backlog, then get a RST")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: relayclient [flags] host:port")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	tunnel, err := relay.Dial(flag.Arg(0), *options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("public port %d\n", tunnel.Port)
	cut, err := behave.Session(tunnel.Session, *limit)
	if cut {
		log.Print("session cut by this side")
		select {} // the process lives on, as 'C' says
	}
	log.Fatalf("session ended: %v", err)
}
