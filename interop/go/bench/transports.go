package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"
)

const host = "localhost"

// connect returns the two ends of a new connection: mem is a pair of unbuffered pipes, tcp goes over loopback, and
// tls is TLS 1.3 over that.
func connect(transport string) (client, server io.ReadWriteCloser, err error) {
	switch transport {
	case "mem":
		client, server := net.Pipe()
		return client, server, nil
	case "tcp":
		return overTCP()
	case "tls":
		return overTLS()
	}
	return nil, nil, fmt.Errorf("unknown transport %q", transport)
}

func overTCP() (client, server net.Conn, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	server, err = ln.Accept()
	return client, server, err
}

func overTLS() (client, server net.Conn, err error) {
	certificate, roots, err := selfSigned()
	if err != nil {
		return nil, nil, err
	}
	clientTCP, serverTCP, err := overTCP()
	if err != nil {
		return nil, nil, err
	}
	clientTLS := tls.Client(clientTCP, &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS13})
	serverTLS := tls.Server(serverTCP, &tls.Config{Certificates: []tls.Certificate{certificate}})
	handshake := make(chan error, 1)
	go func() { handshake <- serverTLS.Handshake() }()
	if err := clientTLS.Handshake(); err != nil {
		return nil, nil, err
	}
	return clientTLS, serverTLS, <-handshake
}

// selfSigned makes a certificate that is good for this run.
func selfSigned() (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, nil
}
