package org.relay4j.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.relay4j.testing.PlainChannel;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;

/** Relay's own yamux as an endpoint that listens and echoes. */
final class RelayEndpoint implements AutoCloseable {
    private final ServerSocketChannel listener;
    private final Role role;
    private final boolean loop;
    private final SessionOptions options;
    private final Set<Session> sessions = ConcurrentHashMap.newKeySet();

    /**
     * Starts it on a free port of the loopback address.
     *
     * @param role of the endpoint
     * @param loop true: over a socket, so on an event loop; false: over a channel that is not known to be one, so on threads
     */
    RelayEndpoint(Role role, boolean loop, SessionOptions options) throws IOException {
        this.role = role;
        this.loop = loop;
        this.options = options;
        listener = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        start(this::accept, "endpoint");
    }

    int port() throws IOException {
        return ((InetSocketAddress) listener.getLocalAddress()).getPort();
    }

    /** The kit that belongs to it. */
    Role kit() {
        return role.other();
    }

    private void accept() {
        try {
            while (true) serve(listener.accept());
        } catch (IOException e) {
            // Closed by the test.
        }
    }

    /** Serves one connection. */
    void serve(SocketChannel socket) throws IOException {
        socket.socket().setTcpNoDelay(true);
        ByteChannel channel = loop ? socket : new PlainChannel(socket);
        Session session = role == Role.CLIENT ? Session.client(channel, options) : Session.server(channel, options);
        sessions.add(session);
        start(() -> acceptStreams(session), "session");
    }

    private void acceptStreams(Session session) {
        try {
            while (true) {
                Stream stream = session.accept();
                start(() -> echo(stream), "stream");
            }
        } catch (IOException e) {
            sessions.remove(session);
        }
    }

    private static void echo(Stream stream) {
        try (stream;
                InputStream in = stream.getInputStream();
                OutputStream out = stream.getOutputStream()) {
            in.transferTo(out);
            stream.shutdownOutput();
        } catch (IOException e) {
            // Reset by the kit, or the end of the session; the kit judges the result.
        }
    }

    private static void start(Runnable task, String name) {
        Thread thread = new Thread(task, "test-" + name);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        sessions.forEach(Session::close);
    }
}
