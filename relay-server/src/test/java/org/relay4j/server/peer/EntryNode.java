package org.relay4j.server.peer;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.server.cluster.Route;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Splice;

/** The node that visitors connect to: it passes all of them to one route. */
final class EntryNode implements Listener.Owner, PeerWatcher, AutoCloseable {
    final LoopGroup loops = new LoopGroup("relay-test-a", 2, true);
    final PeerLinks links;
    final List<String> events = new CopyOnWriteArrayList<>();
    final List<String> dead = new CopyOnWriteArrayList<>();
    final AtomicLong alive = new AtomicLong(); // how often the other node was
    volatile Route route;
    volatile Endpoint endpoint;
    volatile byte @Nullable [] read; // as if it had been read from each visitor
    volatile boolean answers; // a visitor that comes back gets its bytes
    private final Listener listener;
    private final Loop home;

    EntryNode(PeerTls tls) throws IOException {
        links = new PeerLinks(new PeerSettings("test", "a", "run-a", loops, tls), this);
        home = loops.get(0);
        route = new Route("b", "t1", 42, 0);
        endpoint = TunnelNode.endpoint(0);
        listener = Listener.open(home, TunnelNode.anyPort(), this);
        home.execute(() -> {
            try {
                listener.start();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    /** Sends visitors to the tunnel on a loop of the other node. */
    void to(int loop) {
        route = new Route("b", "t1", 42, loop);
        endpoint = TunnelNode.endpoint(loop);
    }

    Socket visitor() throws IOException {
        return Visitor.connect(listener.address().getPort());
    }

    /** Waits for an event that contains a text. */
    String await(String text) {
        Await.until(() -> "'" + text + "' in " + events, () -> events.stream().anyMatch(event -> event.contains(text)));
        return events.stream().filter(event -> event.contains(text)).findFirst().orElseThrow();
    }

    @Override
    public boolean canAccept() {
        return true;
    }

    @Override
    public void accepted(SocketChannel channel) {
        try {
            Sockets.configure(channel);
            ProxyHeader header = new ProxyHeader(
                    (InetSocketAddress) channel.getRemoteAddress(),
                    (InetSocketAddress) channel.getLocalAddress(),
                    false,
                    null,
                    "visitor-1");
            byte[] first = read;
            ByteBuffer bytes = first == null ? null : ByteBuffer.wrap(first);
            PeerVisitor visitor = new PeerVisitor(home, new PlainWire(channel), header, bytes);
            links.open(visitor, route, endpoint, new Outcome(channel));
        } catch (IOException e) {
            events.add("left: " + e);
        }
    }

    /** Records what happens. A visitor that comes back is reset, or answered with what it has sent. */
    private final class Outcome implements PeerOutcome {
        private final SocketChannel channel;

        Outcome(SocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public void accepted(Splice splice, LoopDriver driver) {
            if (!driver.lock.isHeldByCurrentThread() || !driver.isCurrent()) throw new AssertionError("lock");
            events.add("accepted");
        }

        @Override
        public void ended(Splice splice, @Nullable Throwable failure) {
            events.add("ended " + (failure == null ? "clean" : failure.getMessage()));
        }

        @Override
        public void tryElsewhere(String why) {
            if (!home.isCurrent()) throw new AssertionError("loop");
            events.add("elsewhere: " + why);
            if (answers) Call.run(this::answerUnread); // it may have sent nothing yet
            else Sockets.reset(channel);
        }

        private void answerUnread() {
            try {
                channel.configureBlocking(true);
                ByteBuffer unread = ByteBuffer.allocate(64);
                channel.read(unread);
                channel.write(unread.flip());
            } catch (IOException e) {
                events.add("left: " + e);
            }
            Sockets.reset(channel);
        }

        @Override
        public void refused(String why) {
            events.add("refused: " + why);
            Sockets.reset(channel);
        }

        @Override
        public void gone(IOException failure) {
            events.add("gone: " + failure.getMessage());
        }
    }

    @Override
    public void alive(String node) {
        alive.incrementAndGet();
    }

    @Override
    public void dead(String node) {
        dead.add(node);
    }

    @Override
    public void close() {
        home.execute(listener::close);
        links.close();
        loops.close();
    }
}
