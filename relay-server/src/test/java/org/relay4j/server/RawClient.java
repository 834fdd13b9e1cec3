package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.relay4j.testing.Await;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.Session;

/** A relay client by hand: what it says on its connection is up to the test. */
final class RawClient implements AutoCloseable {
    private final SocketChannel channel;
    private final String line;
    private final ScriptedPeer yamux;

    private RawClient(SocketChannel channel, String line) {
        this.channel = channel;
        this.line = line;
        yamux = new ScriptedPeer(channel);
    }

    /** Connects and reads the first line; says nothing. */
    static RawClient connect(RelayServer server) throws IOException {
        return connect(server.address());
    }

    /** Connects and reads the first line; says nothing. */
    static RawClient connect(InetSocketAddress server) throws IOException {
        return over(SocketChannel.open(server));
    }

    /** Reads the first line; says nothing. */
    static RawClient over(SocketChannel channel) throws IOException {
        channel.socket().setSoTimeout((int) Await.DEADLINE.toMillis());
        return new RawClient(channel, readLine(channel.socket().getInputStream()));
    }

    /** Connects, and shows that it speaks yamux. */
    static RawClient establish(RelayServer server) throws IOException {
        RawClient client = connect(server);
        client.answerPing();
        return client;
    }

    private static String readLine(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next; (next = in.read()) != '\n'; ) {
            assertTrue(next >= 0, "end of stream after \"" + text + "\"");
            text.append((char) next);
        }
        return text.toString();
    }

    /** The first line, without its LF. */
    String line() {
        return line;
    }

    /** The public port. */
    int port() {
        return Integer.parseInt(line);
    }

    /** What follows the first line. */
    ScriptedPeer yamux() {
        return yamux;
    }

    /** What follows the first line, as a session that answers by itself; {@link #yamux} is not to be used then. */
    Session session() throws IOException {
        return Session.server(channel);
    }

    /** Answers to the ping with which the server begins. */
    void answerPing() throws IOException {
        WireFrame ping = yamux.next();
        assertEquals(WireFrame.ping(WireFrame.SYN, ping.length()), ping);
        yamux.send(WireFrame.ping(WireFrame.ACK, ping.length()));
    }

    /** The server has closed the connection and said nothing more. */
    void assertClosed() throws IOException {
        assertEquals(-1, channel.socket().getInputStream().read());
    }

    /** Connects to the public port. */
    Socket visit() throws IOException {
        return Visitor.connect(port());
    }

    /** Sends text that is no yamux. */
    void say(String text) throws IOException {
        yamux.send(text.getBytes(StandardCharsets.US_ASCII), Integer.MAX_VALUE);
    }

    /** Closes the connection in the middle of a test. */
    void leave() throws IOException {
        close();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
