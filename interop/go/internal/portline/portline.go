// Package portline reads and writes the one line with which a relay server answers a relay client.
package portline

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxLine   = 256 // bytes before the LF that a client is prepared to read
	maxDigits = 5
	maxPort   = 65535
)

// Write sends the port of the public listener.
func Write(w io.Writer, port int) error {
	_, err := fmt.Fprintf(w, "%d\n", port)
	return err
}

// Read returns the port that the server sent. It takes single bytes from r, because the first yamux frame may follow
// the LF in the same segment and belongs to the session.
func Read(r io.Reader) (int, error) {
	line, err := readLine(r)
	if err != nil {
		return 0, err
	}
	if strings.HasPrefix(line, "ERR ") {
		return 0, fmt.Errorf("refused by the server: %s", line)
	}
	return parse(line)
}

func readLine(r io.Reader) (string, error) {
	var line []byte
	var one [1]byte
	for {
		if _, err := io.ReadFull(r, one[:]); err != nil {
			return "", fmt.Errorf("no port line after %q: %w", line, err)
		}
		if one[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		if len(line) == maxLine {
			return "", errors.New("port line too long")
		}
		line = append(line, one[0])
	}
}

func parse(line string) (int, error) {
	port, err := strconv.ParseUint(line, 10, 32) // accepts neither sign nor space
	if err != nil || len(line) > maxDigits || port < 1 || port > maxPort {
		return 0, fmt.Errorf("not a port: %q", line)
	}
	return int(port), nil
}
