package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.testing.Call;
import org.relay4j.testing.MemoryPipe;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.SocketByteChannel;
import org.relay4j.testing.WireFrame;
import org.relay4j.testing.WrappedChannel;

/**
 * The server's end of a connection of a tunnel with several endpoints. It takes part in the client's end by itself, after which the
 * script no longer reads: it answers BYE, and closes the connection when the client has ended its direction.
 */
final class Link {
    static final InetSocketAddress VISITOR = new InetSocketAddress("203.0.113.9", 4711);
    private static final InetSocketAddress SITE = new InetSocketAddress("192.0.2.1", 20417);

    final Socket socket;
    final ScriptedPeer yamux;
    volatile boolean answersBye = true; // as servers do, with the end of the control stream
    private String unread = "";

    Link(Socket socket) {
        this.socket = socket;
        MemoryPipe[] received = MemoryPipe.pair(1 << 20);
        Call.run(() -> receive(received[0]));
        yamux = new ScriptedPeer(new Ends(received[1], new SocketByteChannel(socket)));
    }

    /** Passes on what the client sends, and answers to its BYE. */
    private void receive(MemoryPipe to) throws IOException {
        try (socket;
                to) {
            ScriptedPeer client = new ScriptedPeer(new SocketByteChannel(socket));
            while (true) {
                WireFrame frame = client.next();
                for (ByteBuffer bytes = ByteBuffer.wrap(frame.bytes()); bytes.hasRemaining(); ) to.write(bytes);
                boolean bye = frame.isData() && frame.id() == 2 && new String(frame.body(), US_ASCII).endsWith("BYE\n");
                if (bye && answersBye) client.send(window(2, FIN, 0));
            }
        }
    }

    /** The script reads what was received, and writes to the connection. */
    private static final class Ends extends WrappedChannel {
        private final MemoryPipe in;

        Ends(MemoryPipe in, SocketByteChannel out) {
            super(out);
            this.in = in;
        }

        @Override
        public int read(ByteBuffer to) throws IOException {
            return in.read(to);
        }

        @Override
        public void close() throws IOException {
            in.close();
            super.close();
        }
    }

    /** The next line of the client's control stream. */
    String line() throws IOException {
        while (unread.indexOf('\n') < 0) {
            WireFrame frame = yamux.next();
            if (frame.isData() && frame.id() == 2) unread += new String(frame.body(), US_ASCII);
        }
        int end = unread.indexOf('\n');
        String line = unread.substring(0, end);
        unread = unread.substring(end + 1);
        return line;
    }

    void expect(String line) throws IOException {
        assertEquals(line, line());
    }

    void say(String... lines) throws IOException {
        for (String line : lines) yamux.send(data(2, line + "\n"));
    }

    void visit(int stream, String endpoint, String text) throws IOException {
        yamux.send(window(stream, SYN, 0), data(stream, header(endpoint, text)));
    }

    static byte[] header(String endpoint, String text) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(new ProxyHeader(VISITOR, SITE, false, endpoint, null).encodeV2());
        all.writeBytes(text.getBytes(US_ASCII));
        return all.toByteArray();
    }

    /** A visitor of a UDP port, who sends a datagram. */
    void visitByUdp(int stream, String endpoint, String text) throws IOException {
        InetSocketAddress from = new InetSocketAddress(VISITOR.getAddress(), 10_000 + stream);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(new ProxyHeader(from, SITE, true, endpoint, null).encodeV2());
        all.writeBytes(datagram(text));
        yamux.send(window(stream, SYN, 0), data(stream, all.toByteArray()));
    }

    static byte[] datagram(String text) {
        return ByteBuffer.allocate(2 + text.length())
                .putShort((short) text.length())
                .put(text.getBytes(US_ASCII))
                .array();
    }

    /** Skips frames of other streams, and credit. */
    void expectData(int stream, String text) throws IOException {
        StringBuilder got = new StringBuilder();
        while (got.length() < text.length()) {
            WireFrame frame = yamux.next();
            if (frame.isData() && frame.id() == stream) got.append(new String(frame.body(), US_ASCII));
            else assertFalse(frame.id() == stream && (frame.flags() & RST) != 0, "it was reset");
        }
        assertEquals(text, got.toString());
    }

    void expectFrame(WireFrame expected) throws IOException {
        for (WireFrame frame = yamux.next(); !frame.equals(expected); frame = yamux.next()) {}
    }

    void lose() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }
}
