package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.relay4j.api.control.ClientProof;
import org.relay4j.testing.Await;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.SocketByteChannel;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.Session;

/** A client by hand that reads and writes lines, plain or through TLS of the JDK's sockets. */
final class LineClient implements AutoCloseable {
    final Socket socket;

    private LineClient(Socket socket) {
        this.socket = socket;
    }

    static LineClient plain(RelayServer server) throws IOException {
        Socket socket = new Socket(server.address().getAddress(), server.port());
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        return new LineClient(socket);
    }

    /** Completes the TLS handshake. */
    static LineClient secure(RelayServer server, SSLContext context, String... protocols) throws IOException {
        return secure(server, context, new SSLParameters(), protocols);
    }

    static LineClient secure(RelayServer server, SSLContext context, SSLParameters parameters, String... protocols)
            throws IOException {
        return secure(server.address(), context, parameters, protocols);
    }

    static LineClient secure(
            InetSocketAddress address, SSLContext context, SSLParameters parameters, String... protocols)
            throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(address.getAddress(), address.getPort());
        boolean ready = false;
        try {
            socket.setSoTimeout((int) Await.DEADLINE.toMillis());
            parameters.setApplicationProtocols(protocols);
            socket.setSSLParameters(parameters);
            socket.startHandshake();
            ready = true;
            return new LineClient(socket);
        } finally {
            if (!ready) socket.close();
        }
    }

    /** The next line, without its LF. */
    String line() throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        for (int next; (next = in.read()) != '\n'; ) {
            assertTrue(next >= 0, "end of stream behind \"" + text + "\"");
            text.append((char) next);
        }
        return text.toString();
    }

    /** Sends text as it is. */
    void say(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
    }

    /** Sends a line, and returns the answer. */
    String ask(String line) throws IOException {
        say(line + "\n");
        return line();
    }

    /** Asks under a name. */
    String prove(String hello, String line, String name, String binding, PrivateKey key) throws IOException {
        return ask(proven(hello, line, name, binding, key));
    }

    static String proven(String hello, String line, String name, String binding, PrivateKey key) {
        String request = line + " name=" + name + " binding=" + binding;
        return request + " proof=" + ClientProof.sign(key, hello, request);
    }

    /** The server has ended the connection in an orderly way. */
    void assertEnd() throws IOException {
        assertEquals(-1, socket.getInputStream().read());
    }

    /** What follows the lines, as a script that has answered the first ping. */
    ScriptedPeer yamux() throws IOException {
        ScriptedPeer peer = script();
        WireFrame ping = peer.next();
        assertEquals(WireFrame.ping(WireFrame.SYN, ping.length()), ping);
        peer.send(WireFrame.ping(WireFrame.ACK, ping.length()));
        return peer;
    }

    /** What follows the lines, as a script from its beginning. */
    ScriptedPeer script() throws IOException {
        return new ScriptedPeer(new SocketByteChannel(socket));
    }

    /** What follows the lines, as a session. */
    Session session() throws IOException {
        return Session.server(new SocketByteChannel(socket));
    }

    /** Closes the connection in the middle of a test. */
    void leave() throws IOException {
        close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
