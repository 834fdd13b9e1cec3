package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/hashicorp/yamux"
)

const (
	largeSend = 512 << 20
	largeRecv = 4 << 10
)

// shape is one pattern of use, repeated for at least a given time.
type shape struct {
	name string
	run  func(client, server *yamux.Session, d time.Duration) (result, error)
}

func shapes(parallel int) []shape {
	all := []shape{{"Ping", ping}, {"Accept", accept}}
	sizes := []int{32, 64, 128, 256, 512, 1024, 2048, 4096}
	for _, size := range sizes {
		all = append(all, shape{fmt.Sprint("SendRecv", size), sendRecv(size, size, 1)})
	}
	all = append(all, shape{"SendRecvLarge", sendRecv(largeSend, largeRecv, 1)})
	for _, size := range sizes {
		// The receivers of the Parallel shapes read as io.Discard does.
		all = append(all, shape{fmt.Sprint("SendRecvParallel", size), sendRecv(size, 8<<10, parallel)})
	}
	return all
}

func ping(client, _ *yamux.Session, d time.Duration) (result, error) {
	start := time.Now()
	for ops := int64(1); ; ops++ {
		if _, err := client.Ping(); err != nil {
			return result{}, err
		}
		if elapsed := time.Since(start); elapsed >= d {
			return result{ops: ops, elapsed: elapsed}, nil
		}
	}
}

// accept opens streams on one side and accepts them on the other; both sides close them at once.
func accept(client, server *yamux.Session, d time.Duration) (result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	var accepted atomic.Int64
	done := make(chan error, 1)
	go func() {
		for {
			stream, err := server.AcceptStreamWithContext(ctx)
			if err != nil {
				done <- err
				return
			}
			stream.Close()
			accepted.Add(1)
		}
	}()
	start := time.Now()
	var ops int64
	for ; time.Since(start) < d; ops++ {
		stream, err := client.OpenStream()
		if err != nil {
			cancel()
			return result{}, errors.Join(err, <-done)
		}
		stream.Close()
	}
	for accepted.Load() < ops && !server.IsClosed() {
		time.Sleep(10 * time.Microsecond)
	}
	elapsed := time.Since(start)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		return result{}, err
	}
	return result{ops: ops, elapsed: elapsed}, nil
}

// sendRecv writes messages of one size on each of some streams, and reads them with a buffer of another size.
func sendRecv(send, recv, streams int) func(client, server *yamux.Session, d time.Duration) (result, error) {
	return func(client, server *yamux.Session, d time.Duration) (result, error) {
		var ops, bytes atomic.Int64
		ends := make(chan error, 2*streams)
		start := time.Now()
		for i := 0; i < streams; i++ {
			go func() { ends <- receive(server, recv, &bytes) }()
			go func() { ends <- sendFor(client, send, start.Add(d), &ops) }()
		}
		for i := 0; i < 2*streams; i++ {
			if err := <-ends; err != nil {
				return result{}, err
			}
		}
		r := result{ops.Load(), bytes.Load(), time.Since(start)}
		if r.bytes != r.ops*int64(send) {
			return r, fmt.Errorf("%d bytes arrived of %d", r.bytes, r.ops*int64(send))
		}
		return r, nil
	}
}

func sendFor(client *yamux.Session, size int, end time.Time, ops *atomic.Int64) error {
	stream, err := client.OpenStream()
	if err != nil {
		return err
	}
	buf := make([]byte, size)
	var n int64
	for n == 0 || time.Now().Before(end) {
		if _, err := stream.Write(buf); err != nil {
			return err
		}
		n++
	}
	ops.Add(n)
	return stream.Close()
}

func receive(server *yamux.Session, size int, bytes *atomic.Int64) error {
	stream, err := server.AcceptStream()
	if err != nil {
		return err
	}
	buf := make([]byte, size)
	var got int64
	for err == nil {
		var n int
		n, err = stream.Read(buf)
		got += int64(n)
	}
	bytes.Add(got)
	if err != io.EOF {
		return err
	}
	return stream.Close()
}
