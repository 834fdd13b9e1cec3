package org.relay4j.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.io.Wire;

/** The line of an extended client, as far as it has arrived, and the HELLO line that it answers. */
final class RequestLine {
    private final String hello;
    private final byte[] line = new byte[ControlLine.LONGEST - 1]; // without its LF
    private final ByteBuffer next = ByteBuffer.allocate(1); // a frame may follow the line
    private int length; // bytes

    RequestLine(String hello) {
        this.hello = hello;
    }

    String hello() {
        return hello;
    }

    /**
     * Reads the line as far as it has arrived, and not one byte more.
     *
     * @return true if it is complete
     * @throws ClientLine.BadRequest if it is too long
     * @throws IOException if the client has ended the connection before that
     */
    boolean read(Wire wire) throws IOException, ClientLine.BadRequest {
        while (true) {
            int count = wire.read(next.clear());
            if (count < 0) throw new IOException("it ended the connection before its request was complete");
            if (count == 0) return false;
            byte received = next.get(0);
            if (received == '\n') return true;
            if (length == line.length) {
                throw new ClientLine.BadRequest("the line is longer than " + ControlLine.LONGEST + " bytes");
            }
            line[length++] = received;
        }
    }

    ClientLine parse() throws ClientLine.BadRequest {
        return ClientLine.parse(line, length);
    }
}
