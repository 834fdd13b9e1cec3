package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.relay4j.testing.PlainChannel;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;

/**
 * Our session and, at the other end of a TCP connection, one of another implementation.
 *
 * @param session ours
 * @param process the other side's program {@code yamuxpeer}
 */
record YamuxPeer(Session session, PeerProcess process) implements AutoCloseable {
    /** What kind of session ours is. */
    enum Kind {
        /** Odd stream ids, served by a loop. */
        CLIENT_ON_LOOP,
        /** Even stream ids, served by a loop. */
        SERVER_ON_LOOP,
        /** Odd stream ids, served by two threads. */
        CLIENT_ON_THREADS,
        /** Even stream ids, served by two threads. */
        SERVER_ON_THREADS;

        boolean isClient() {
            return this == CLIENT_ON_LOOP || this == CLIENT_ON_THREADS;
        }

        String roleOfPeer() {
            return isClient() ? "server" : "client";
        }

        private Session open(SocketChannel socket, SessionOptions options) throws IOException {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true); // only the loop does that itself
            boolean loop = this == CLIENT_ON_LOOP || this == SERVER_ON_LOOP;
            ByteChannel channel = loop ? socket : new PlainChannel(socket);
            return isClient() ? Session.client(channel, options) : Session.server(channel, options);
        }
    }

    /** The peer listens and serves the streams that we open. */
    static YamuxPeer serving(Peer peer, Kind kind, SessionOptions options, List<String> flags) throws Exception {
        PeerProcess process = peer.start(flags, "-listen", "127.0.0.1:0", "-role", kind.roleOfPeer());
        try {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            int port = process.number("listening on ");
            SocketChannel socket = SocketChannel.open(new InetSocketAddress(loopback, port));
            return new YamuxPeer(kind.open(socket, options), process);
        } catch (Exception | AssertionError e) {
            process.close();
            throw e;
        }
    }

    /** The peer connects to us, opens streams itself and checks what we do with them. */
    static YamuxPeer driving(Peer peer, Kind kind, SessionOptions options, List<String> flags) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            listener.socket().setSoTimeout(Visitor.DEADLINE);
            String address = "127.0.0.1:" + listener.socket().getLocalPort();
            PeerProcess process = peer.start(flags, "-drive", "-dial", address, "-role", kind.roleOfPeer());
            try {
                return new YamuxPeer(kind.open(listener.socket().accept().getChannel(), options), process);
            } catch (Exception | AssertionError e) {
                process.close();
                throw new AssertionError(process.toString(), e);
            }
        }
    }

    /** Opens a stream and sends the first bytes of it. No call of the stream waits longer than {@code deadline}. */
    Stream open(String request, Duration deadline) throws IOException {
        Stream stream = session.open();
        stream.setReadTimeout(deadline);
        stream.setWriteTimeout(deadline);
        stream.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return stream;
    }

    /** A stream on which the other end sends without end, and reads nothing more. 17 bytes of its window are used. */
    Stream openEndless(Duration deadline) throws IOException {
        Stream stream = open("G", deadline);
        byte[] lengthAndSeed =
                ByteBuffer.allocate(16).putLong(Scenarios.ENDLESS).putLong(1).array();
        stream.getOutputStream().write(lengthAndSeed);
        return stream;
    }

    /** Ends our direction, and reads the other one to its end. */
    static String rest(Stream stream) throws IOException {
        stream.shutdownOutput();
        return new String(stream.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** The end of the session as a reader of a stream sees it. */
    static SessionException failure(Stream stream) {
        return assertThrows(
                SessionException.class, () -> stream.getInputStream().transferTo(OutputStream.nullOutputStream()));
    }

    @Override
    public void close() {
        session.close();
        process.close();
    }
}
