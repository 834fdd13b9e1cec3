package org.relay4j.server.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Threads;

/** The node with the tunnels: a port for other nodes, and on each loop a tunnel whose client echoes. */
final class TunnelNode implements PeerTarget, AutoCloseable {
    static final int LOOPS = 2;

    final LoopGroup loops = new LoopGroup("relay-test-b", LOOPS, true);
    final PeerPort port;
    final List<PeerRequest> requests = new CopyOnWriteArrayList<>();
    final List<String> ends = new CopyOnWriteArrayList<>(); // of visitors: "clean" or the failure
    final List<String> asked = new CopyOnWriteArrayList<>(); // names of clients
    final Map<Endpoint, PeerCode> refusals = new ConcurrentHashMap<>();
    final List<Session> clients = new ArrayList<>(); // by loop
    private final List<LoopDriver> tunnels = new ArrayList<>(); // by loop
    private final String incarnation;

    TunnelNode(PeerTls tls, String incarnation) throws IOException {
        this.incarnation = incarnation;
        for (int n = 0; n < LOOPS; n++) tunnel(loops.get(n));
        port = PeerPort.open(new PeerSettings("test", "b", incarnation, loops, tls), anyPort(), this);
    }

    static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    /** Returns the endpoint of the tunnel on a loop. */
    static Endpoint endpoint(int loop) {
        return Endpoint.port(2_000 + loop);
    }

    NodeInfo info(int atPort) {
        InetSocketAddress address = InetSocketAddress.createUnresolved("127.0.0.1", atPort);
        return new NodeInfo("b", incarnation, address, LOOPS, "1", false);
    }

    private void tunnel(Loop loop) throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open().bind(anyPort())) {
            SocketChannel far = SocketChannel.open(listener.getLocalAddress());
            SocketChannel near = listener.accept();
            Sockets.configure(near);
            LoopDriver driver = new LoopDriver(
                    loop,
                    new PlainWire(near),
                    Role.CLIENT,
                    SessionInternals.relayedOptions(SessionOptions.defaults()),
                    new Nothing(),
                    true);
            tunnels.add(driver);
            loop.execute(driver::start);
            Session client = Session.server(far);
            clients.add(client);
            Threads.factory("relay-test-client").newThread(() -> serve(client)).start();
        }
    }

    private static void serve(Session client) {
        try {
            while (true) {
                Stream stream = client.accept();
                Threads.factory("relay-test-echo").newThread(() -> echo(stream)).start();
            }
        } catch (SessionException e) {
            // the end
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void echo(Stream stream) {
        try (stream) {
            stream.getInputStream().transferTo(stream.getOutputStream());
            stream.shutdownOutput();
        } catch (IOException e) {
            stream.reset();
        }
    }

    @Override
    public PeerDecision visit(PeerRequest request) {
        requests.add(request);
        PeerCode refusal = refusals.get(request.endpoint());
        if (refusal != null) return PeerDecision.refuse(refusal);
        int loop = request.endpoint().number() - 2_000;
        if (loop < 0 || loop >= LOOPS || loops.get(loop) != request.loop()) {
            return PeerDecision.refuse(PeerCode.NOT_HERE);
        }
        return PeerDecision.join(
                tunnels.get(loop), null, (bridge, failure) -> ends.add(failure == null ? "clean" : "" + failure));
    }

    @Override
    public void ask(PeerRequest request, String owner, Consumer<PeerCode> answer) {
        asked.add(owner);
        answer.accept(refusals.getOrDefault(request.endpoint(), PeerCode.SILENT));
    }

    @Override
    public void close() {
        port.close();
        for (Session client : clients) client.close();
        for (LoopDriver tunnel : tunnels) tunnel.loop().execute(tunnel::close);
        for (LoopDriver tunnel : tunnels) ask(tunnel);
        loops.close();
    }

    private static void ask(LoopDriver tunnel) {
        try {
            if (!tunnel.awaitTermination(10_000_000_000L)) throw new AssertionError("a tunnel does not end");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A session that opens streams, and nothing else. */
    private static final class Nothing implements SessionEvents {
        @Override
        public @Nullable StreamHandler onStream(MuxStream stream) {
            return null;
        }

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {}

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {}
    }
}
