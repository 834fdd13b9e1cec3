// Http3 is an HTTP/3 server, or a client that sends it requests with large bodies and checks the large replies.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	random "math/rand/v2"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/quic-go/quic-go/http3"
)

const (
	checksum = "Body-Sha256"     // header: of the body that follows
	received = "Received-Sha256" // header: of the body of the request
	deadline = 60 * time.Second
)

func main() {
	listen := flag.String("listen", "", "serve at this address instead")
	connections := flag.Int("connections", 1, "number of QUIC connections, at the same time")
	requests := flag.Int("requests", 2, "number of requests on each connection, at the same time")
	size := flag.Int("bytes", 2<<20, "size of the body of each request, and of each reply")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: http3 -listen host:port\n       http3 [flags] host:port")
		flag.PrintDefaults()
	}
	flag.Parse()
	if (*listen == "") != (flag.NArg() == 1) {
		flag.Usage()
		os.Exit(2)
	}
	if *listen != "" {
		log.Fatal(serve(*listen, *size))
	}
	if err := ask(flag.Arg(0), *connections, *requests, *size); err != nil {
		log.Fatal(err)
	}
	total := *connections * *requests
	fmt.Printf("ok %d requests, %d bytes each way\n", total, total**size)
}

// serve answers each request with the checksum of its body and a body of its own.
func serve(address string, size int) error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %d\n", socket.LocalAddr().(*net.UDPAddr).Port)
	server := http3.Server{
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}}),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sum := sha256.New()
			if _, err := io.Copy(sum, r.Body); err != nil {
				log.Print(err)
				return
			}
			body := content(size)
			w.Header().Set(received, hex.EncodeToString(sum.Sum(nil)))
			w.Header().Set(checksum, sumOf(body))
			if _, err := w.Write(body); err != nil {
				log.Print(err)
			}
		}),
	}
	return server.Serve(socket)
}

// ask sends all requests and returns the first error.
func ask(address string, connections, requests, size int) error {
	ended := make(chan error)
	for range connections {
		// Whoever it is: the test is about the path between them.
		transport := &http3.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		defer transport.Close()
		client := &http.Client{Transport: transport, Timeout: deadline}
		for range requests {
			go func() { ended <- request(client, address, content(size)) }()
		}
	}
	for range connections * requests {
		if err := <-ended; err != nil {
			return err
		}
	}
	return nil
}

func request(client *http.Client, address string, body []byte) error {
	response, err := client.Post("https://"+address+"/", "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.ProtoMajor != 3 || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s", response.Proto, response.Status)
	}
	if got := response.Header.Get(received); got != sumOf(body) {
		return fmt.Errorf("the server received another body: %s", got)
	}
	if len(reply) != len(body) || sumOf(reply) != response.Header.Get(checksum) {
		return fmt.Errorf("another body has arrived, %d bytes", len(reply))
	}
	return nil
}

func content(size int) []byte {
	var seed [32]byte
	if _, err := rand.Read(seed[:]); err != nil {
		log.Fatal(err)
	}
	body := make([]byte, size)
	if _, err := random.NewChaCha8(seed).Read(body); err != nil {
		log.Fatal(err)
	}
	return body
}

func sumOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
