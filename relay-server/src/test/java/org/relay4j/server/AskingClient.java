package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.testing.Await;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;

/**
 * A relay client by hand that asks for more than the base protocol gives. Without a name it sends the lines of the extended
 * protocol; a name counts as proved, so its request goes to the claims directly, and its session over a real connection.
 */
final class AskingClient implements AutoCloseable {
    private final SocketChannel channel;
    private final ControlLine line;
    private final ScriptedPeer yamux;

    private final Runnable start; // of the server's side
    private final StringBuilder heard = new StringBuilder(); // on the control stream

    private AskingClient(SocketChannel channel, Answer answer) {
        this.channel = channel;
        line = answer.line();
        start = answer.start();
        yamux = new ScriptedPeer(channel);
    }

    /** What the server says, and how it goes on. */
    private record Answer(ControlLine line, Runnable start) {}

    /** Starts a server for such clients, on the loopback address and with two loops. */
    static RelayServer server() {
        return server(options -> options);
    }

    /** Starts such a server with further options. */
    static RelayServer server(UnaryOperator<RelayServerOptions.Builder> options) {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try {
            return RelayServer.start(options.apply(RelayServerOptions.builder()
                            .bindAddress(loopback)
                            .publicBindAddress(loopback)
                            .loops(2)
                            .extended(true))
                    .build());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Asks with the words of a request line, such as {@code port=1234 resume}, without a name. */
    static AskingClient connect(RelayServer server, String words) throws IOException {
        return connect(server, words, null, ClientLimits.defaults());
    }

    /** Asks under a name that was proved. */
    static AskingClient connect(RelayServer server, String words, @Nullable String name, ClientLimits limits)
            throws IOException {
        if (name == null && limits == ClientLimits.defaults()) return byLines(server, words);
        AskingClient client = ask(server, words, name, limits);
        client.begin();
        return client;
    }

    private static AskingClient byLines(RelayServer server, String words) throws IOException {
        SocketChannel channel = SocketChannel.open(server.address());
        Socket socket = channel.socket();
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        assertEquals("HELLO", line(socket).keyword());
        socket.getOutputStream().write(("RELAY/1" + (words.isEmpty() ? "" : " " + words) + "\n").getBytes(US_ASCII));
        return new AskingClient(channel, new Answer(line(socket), () -> {}));
    }

    private static ControlLine line(Socket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next; (next = socket.getInputStream().read()) != '\n'; ) {
            assertTrue(next >= 0, "end of stream behind \"" + text + "\"");
            text.append((char) next);
        }
        if (text.indexOf("ERR ") == 0)
            return ControlLine.of("ERR").with(text.substring(4).split(" ", 2)[0]);
        return ControlLine.parse(text.toString().getBytes(US_ASCII), text.length());
    }

    /** Asks, and has the session begin only with {@link #begin}, as if the answer took long to be written. */
    static AskingClient delayed(RelayServer server, String words) throws IOException {
        return delayed(server, words, null, ClientLimits.defaults());
    }

    /** As {@link #delayed(RelayServer, String)}, under a name that was proved. */
    static AskingClient delayed(RelayServer server, String words, @Nullable String name, ClientLimits limits)
            throws IOException {
        return ask(server, words, name, limits);
    }

    private static AskingClient ask(RelayServer server, String words, @Nullable String name, ClientLimits limits)
            throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel near = SocketChannel.open(listener.getLocalAddress());
            near.socket().setSoTimeout((int) Await.DEADLINE.toMillis());
            SocketChannel far = listener.accept();
            Sockets.configure(far);
            return new AskingClient(near, claim(server, far, request(far, words, name, limits)));
        }
    }

    private static ClientRequest request(
            SocketChannel channel, String words, @Nullable String name, ClientLimits limits) throws IOException {
        byte[] text = ("RELAY/1" + (words.isEmpty() ? "" : " " + words)).getBytes(US_ASCII);
        ControlLine asked = ControlLine.parse(text, text.length);
        String port = asked.value("port");
        String instead = asked.value("instead");
        return new ClientRequest(
                (InetSocketAddress) channel.getRemoteAddress(),
                name,
                limits,
                port == null ? 0 : port.equals("none") ? -1 : Integer.parseInt(port),
                asked.has("visitor-address"),
                asked.has("resume"),
                asked.value("resume"),
                asked.value("join"),
                instead == null ? -1 : Integer.parseInt(instead),
                asked.has("drain"));
    }

    /** What a handshake does. */
    private static Answer claim(RelayServer server, SocketChannel channel, ClientRequest request) throws IOException {
        Admission.Entry entry =
                server.admission().enterUnclaimed(request.client().getAddress());
        if (entry.evicted() != null) entry.evicted().drop();
        Admission.Ticket ticket = entry.ticket();
        assertNotNull(ticket);
        Loop loop = server.loops().next();
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        loop.execute(() -> server.tunnels().claim(request, ticket, loop, new Claimant() {
            @Override
            public void granted(TunnelGrant grant) {
                assertTrue(loop.isCurrent());
                answer.complete(
                        new Answer(grant.line(), () -> loop.execute(() -> grant.start(new PlainWire(channel)))));
            }

            @Override
            public void refused(ControlRefusal refusal) {
                assertTrue(loop.isCurrent());
                ticket.leave();
                Sockets.close(channel);
                answer.complete(new Answer(ControlLine.of("ERR").with(refusal.code()), () -> {}));
            }
        }));
        return answer.orTimeout(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS).join();
    }

    /** Has the session begin. */
    void begin() {
        start.run();
    }

    /** Answers to the ping with which the server begins. */
    AskingClient establish() throws IOException {
        WireFrame ping = yamux.next();
        assertEquals(WireFrame.ping(WireFrame.SYN, ping.length()), ping);
        yamux.send(WireFrame.ping(WireFrame.ACK, ping.length()));
        boolean shares = line.has("connection") && !line.has("lease");
        if (shares) yamux.skipAll(1); // the server pings connections that share their tunnel
        else yamux.expectNothing(); // so the server has got the answer
        return this;
    }

    /** The server's answer. */
    ControlLine line() {
        return line;
    }

    int port() {
        return Integer.parseInt(String.valueOf(line.value("port")));
    }

    String lease() {
        return String.valueOf(line.value("lease"));
    }

    ScriptedPeer yamux() {
        return yamux;
    }

    /** Returns the next frame that is not a ping. Answers pings, as those to a tunnel that shares an endpoint. */
    WireFrame next() throws IOException {
        WireFrame frame = yamux.next();
        for (; frame.equals(WireFrame.ping(WireFrame.SYN, frame.length())); frame = yamux.next()) {
            yamux.send(WireFrame.ping(WireFrame.ACK, frame.length()));
        }
        return frame;
    }

    /** The header with which a stream begins, in a frame of its own. Answers pings. */
    ProxyHeader header(int id) throws IOException {
        assertEquals(WireFrame.window(id, WireFrame.SYN, 0), next());
        WireFrame frame = next();
        assertTrue(frame.isData() && frame.id() == id, frame::toString);
        ProxyHeaderReader reader = ProxyHeaderReader.ofStream();
        ProxyHeader header = null;
        ByteBuffer bytes = ByteBuffer.wrap(frame.body());
        while (header == null) {
            while (reader.room().hasRemaining()) reader.room().put(bytes.get());
            header = reader.header();
        }
        assertFalse(bytes.hasRemaining(), "bytes behind the header");
        return header;
    }

    /** Its end of the session; {@link #yamux} is not to be used then. */
    Session session() throws IOException {
        return Session.server(channel);
    }

    void assertRefused(String code) {
        assertEquals("ERR " + code, line.toString());
    }

    /** Opens the control stream. Answers to pings. */
    AskingClient control() throws IOException {
        yamux.send(WireFrame.window(2, WireFrame.SYN, 0));
        assertEquals(WireFrame.window(2, WireFrame.ACK, 0), next());
        return this;
    }

    /** Says lines on the control stream, in one frame. */
    void say(String... lines) throws IOException {
        yamux.send(WireFrame.data(2, String.join("\n", lines) + "\n"));
    }

    /** Returns the next line on the control stream. Answers to pings, and skips everything else. */
    String hear() throws IOException {
        int end;
        while ((end = heard.indexOf("\n")) < 0) {
            WireFrame frame = next();
            if (frame.isData() && frame.id() == 2) heard.append(new String(frame.body(), US_ASCII));
            assertFalse(frame.id() == 2 && (frame.flags() & WireFrame.RST) != 0, "the control stream was reset");
        }
        String line = heard.substring(0, end);
        heard.delete(0, end + 1);
        return line;
    }

    /** Says a line, and returns the answer. */
    String ask(String line) throws IOException {
        say(line);
        return hear();
    }

    /** Opens an endpoint, and returns it as granted. */
    Endpoint open(String endpoint) throws IOException {
        String answer = ask("OPEN " + endpoint);
        assertTrue(answer.startsWith("OPENED "), answer);
        return Endpoint.parse(answer.split(" ", -1)[1]);
    }

    /** Connects to the public port. */
    Socket visit() throws IOException {
        return Visitor.connect(port());
    }

    /** Is lost with a TCP reset, as when its process is killed with unread bytes. */
    void die() throws IOException {
        yamux.reset();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
