// Bench measures hashicorp/yamux in the shapes of its own bench_test.go, each over three transports. It prints one
// line for each: name transport ns_per_op MB_per_s.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/yamux"
)

func main() {
	measure := flag.Duration("time", 2*time.Second, "counted time of a shape")
	warm := flag.Duration("warm", 500*time.Millisecond, "time before that, in the same session")
	match := flag.String("shapes", ".", "`regexp` of the shapes to run")
	over := flag.String("transports", "mem,tcp,tls", "comma-separated")
	parallel := flag.Int("parallel", runtime.GOMAXPROCS(0), "streams of the Parallel shapes")
	list := flag.Bool("list", false, "print the names of the shapes")
	flag.Parse()
	wanted, err := regexp.Compile(*match)
	if err != nil || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	for _, sh := range shapes(*parallel) {
		if *list {
			fmt.Println(sh.name)
			continue
		}
		if !wanted.MatchString(sh.name) {
			continue
		}
		for _, tr := range strings.Split(*over, ",") {
			result, err := bench(sh, tr, *warm, *measure)
			if err != nil {
				log.Fatalf("%s %s: %v", sh.name, tr, err)
			}
			fmt.Println(sh.name, tr, result)
		}
	}
}

// bench runs one shape in a session of its own.
func bench(sh shape, transport string, warm, measure time.Duration) (result, error) {
	clientEnd, serverEnd, err := connect(transport)
	if err != nil {
		return result{}, err
	}
	client, err := yamux.Client(clientEnd, config())
	if err != nil {
		return result{}, err
	}
	defer client.Close()
	server, err := yamux.Server(serverEnd, config())
	if err != nil {
		return result{}, err
	}
	defer server.Close()
	if warm > 0 {
		if _, err := sh.run(client, server, warm); err != nil {
			return result{}, err
		}
	}
	runtime.GC()
	return sh.run(client, server, measure)
}

func config() *yamux.Config {
	c := yamux.DefaultConfig()
	c.EnableKeepAlive = false
	c.ConnectionWriteTimeout = 10 * time.Second
	c.LogOutput = io.Discard
	return c
}

// result is what one run of a shape did. Bytes are those that the receiver got.
type result struct {
	ops     int64
	bytes   int64
	elapsed time.Duration
}

func (r result) String() string {
	perOp := float64(r.elapsed.Nanoseconds()) / float64(r.ops)
	rate := float64(r.bytes) / 1e6 / r.elapsed.Seconds()
	return fmt.Sprintf("%.1f %.2f", perOp, rate)
}
