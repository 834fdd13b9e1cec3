package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.HeaderReading;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.TlsWire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An established link from another node, each stream of which is a visitor or a question. On its loop. */
final class PeerInbound implements SessionEvents {
    private static final Logger log = LoggerFactory.getLogger(PeerInbound.class);

    /** How often, and how long, a visitor waits for room in its client's connection, which is less than the other node waits. */
    private static final long RETRY = TimeUnit.MILLISECONDS.toNanos(5);

    private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(500);

    private final String node;
    private final PeerTarget target;
    private final PeerInbounds links;
    private final LoopDriver driver;
    private final AtomicInteger undecided =
            new AtomicInteger(); // streams that have no answer, and perhaps no header, yet

    PeerInbound(String node, Loop loop, TlsWire wire, PeerTarget target, PeerInbounds links) {
        this.node = node;
        this.target = target;
        this.links = links;
        driver = new LoopDriver(loop, wire, Role.SERVER, PeerOptions.core(), this, true);
    }

    /** Returns the name of the other node. From any thread. */
    String node() {
        return node;
    }

    void start() {
        driver.start();
    }

    /** From any thread. */
    void close() {
        driver.loop().runOrExecute(driver::close);
    }

    // ---- visitors

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        // A node waits for no more answers than that, so this one has lost count, or is hostile. Each costs memory.
        if (undecided.get() >= PeerOptions.UNANSWERED) return null;
        undecided.incrementAndGet();
        PeerHeader header = new PeerHeader();
        return new HeaderReading(driver, stream, header, new Visit(header));
    }

    /** A visitor, from its header on. */
    private final class Visit implements HeaderReading.Next {
        private final PeerHeader header;
        private final AtomicBoolean decided = new AtomicBoolean();

        Visit(PeerHeader header) {
            this.header = header;
        }

        @Override
        public StreamHandler begin(MuxStream stream) {
            String owner = header.owner();
            if (owner != null) {
                stream.accept(); // the answer takes longer than a visitor waits
                driver.afterwards(() -> ask(stream, owner));
                return new Asked();
            }
            PeerBridge bridge = new PeerBridge(driver, stream);
            // Without the lock: the decision asks tunnels, and the stream of a client is opened.
            driver.afterwards(() -> decide(bridge));
            return bridge.visitorSide();
        }

        private void decided() {
            if (decided.compareAndSet(false, true)) undecided.decrementAndGet();
        }

        private void ask(MuxStream stream, String owner) {
            try {
                target.ask(request(), owner, code -> answer(stream, code));
            } catch (RuntimeException | Error e) {
                log.error("unexpected failure, a question of node {} was refused", node, e);
                answer(stream, PeerCode.NOT_HERE);
            }
        }

        private void answer(MuxStream stream, PeerCode code) {
            decided();
            driver.lock.lock();
            try {
                if (stream.isGone()) return; // with its link, or the other node does not wait any longer
                stream.reset(code.number());
                driver.flush();
            } finally {
                driver.lock.unlock();
            }
        }

        private PeerRequest request() {
            return new PeerRequest(node, header.endpoint(), header.epoch(), header.visitor(), driver.loop());
        }

        private void decide(PeerBridge bridge) {
            if (bridge.isOver()) { // the visitor has left
                decided();
                return;
            }
            PeerDecision decision;
            try {
                decision = target.visit(request());
            } catch (RuntimeException | Error e) {
                log.error("unexpected failure, a visitor of node {} was refused", node, e);
                refuse(bridge, PeerCode.NOT_HERE);
                return;
            }
            PeerCode refusal = decision.refusal();
            if (refusal != null) refuse(bridge, refusal);
            else join(bridge, decision, System.nanoTime());
        }

        private void refuse(PeerBridge bridge, PeerCode why) {
            decided();
            bridge.refuse(why);
        }

        private void join(PeerBridge bridge, PeerDecision decision, long since) {
            if (bridge.isOver()) {
                decided();
                return;
            }
            LoopDriver client = decision.client();
            PeerBridge.Owner owner = decision.owner();
            if (owner != null) bridge.owner(owner); // learns of the refusal, too
            if (client == null || owner == null || client.loop() != driver.loop()) {
                refuse(bridge, PeerCode.NOT_HERE);
                throw new IllegalStateException("a visitor of another node is on another loop than its client");
            }
            if (bridge.join(client, decision.header(), owner)) decided();
            else if (System.nanoTime() - since < PATIENCE) {
                driver.loop().schedule(RETRY, () -> join(bridge, decision, since));
            } else refuse(bridge, PeerCode.NOT_HERE);
        }

        @Override
        public void failed(String why) {
            decided();
            log.debug("a visitor of node {} was reset: {}", node, why);
        }
    }

    /** The stream of a question until its answer, which is all that follows. */
    private static final class Asked implements StreamHandler {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            payload.position(payload.limit());
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {}

        @Override
        public void onReset(MuxStream stream, Cause cause) {}

        @Override
        public void onWritable(MuxStream stream) {}
    }

    // ---- session

    @Override
    public void onOpenable() {}

    @Override
    public void onPong(long roundTrip) {}

    @Override
    public void onGoAway() {}

    @Override
    public void onEnd(Cause cause) {
        links.remove(this);
        log.info("link from node {} has ended: {}", node, cause.message());
    }

    @Override
    public String toString() {
        return "link from node " + node;
    }
}
