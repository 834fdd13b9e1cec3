// Visitor drives the scenarios over plain TCP, through the public port of a tunnel to relayclient or to any other
// server of the same behaviours.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"relay4j.org/interop/internal/drive"
)

func main() {
	seed := flag.Int64("seed", time.Now().UnixNano(), "seed of sizes and contents")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: visitor [flags] host:port")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	log.Printf("seed %d", *seed)
	os.Exit(min(drive.Run(os.Stdout, drive.TCP(flag.Arg(0)), *seed), 1))
}
