package org.relay4j.server.peer;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.TlsWire;

/** The session of an established link to another node. On the loop of the link. */
final class PeerOutbound implements SessionEvents {
    private final PeerLink link;
    private final PeerWatcher watcher;
    private final String node;
    private final LoopDriver driver;
    private Loop.@Nullable Timer beat;
    private long heard; // ns; when the last byte had arrived at the last beat
    private int silentBeats; // in a row, during which no byte has arrived

    PeerOutbound(PeerLink link, Loop loop, TlsWire wire, PeerWatcher watcher, String node) {
        this.link = link;
        this.watcher = watcher;
        this.node = node;
        driver = new LoopDriver(loop, wire, Role.CLIENT, PeerOptions.core(), this, true);
    }

    void start() {
        driver.start();
        driver.ping(); // measures the round trip
        beat();
    }

    /** Beats are counted, not time: while this node itself does not run, nobody is silent. */
    private void beat() {
        long received;
        driver.lock.lock();
        try {
            Multiplexer mux = driver.mux();
            if (mux.ended() != null) return;
            received = mux.lastReceived();
        } finally {
            driver.lock.unlock();
        }
        boolean wasSilent = silentBeats >= PeerOptions.SILENT_INTERVALS;
        silentBeats = received == heard ? silentBeats + 1 : 0;
        heard = received;
        if (silentBeats < PeerOptions.SILENT_INTERVALS) {
            if (wasSilent) link.heard();
            watcher.alive(node);
        } else if (!wasSilent) link.silent(this);
        beat = driver.loop().schedule(PeerOptions.PING.toNanos(), this::beat);
    }

    /** Offers a visitor to the other node. Returns READY if it was sent. */
    OpenState send(PeerLink taker, PeerSending offer) {
        driver.lock.lock();
        try {
            OpenState state = driver.mux().openState();
            if (state != OpenState.READY) return state;
            return offer.send(taker, driver) ? OpenState.READY : OpenState.WAIT;
        } finally {
            driver.lock.unlock();
        }
    }

    /** Opens no more streams, and ends with the last one. */
    void retire() {
        driver.closeWhenDone();
    }

    void close() {
        driver.close();
    }

    /** From any thread. */
    PeerLinkStatus status(String name, int number) {
        driver.lock.lock();
        try {
            Multiplexer mux = driver.mux();
            return new PeerLinkStatus(name, number, true, mux.roundTrip(), mux.streamCount());
        } finally {
            driver.lock.unlock();
        }
    }

    // ---- session

    @Override
    public @Nullable StreamHandler onStream(MuxStream stream) {
        return null; // visitors go in one direction only
    }

    @Override
    public void onOpenable() {}

    @Override
    public void onPong(long roundTrip) {}

    @Override
    public void onGoAway() {}

    @Override
    public void onEnd(Cause cause) {
        Loop.Timer last = beat;
        if (last != null) driver.loop().execute(last::cancel);
        boolean inOrder = cause.kind() == Cause.Kind.CLOSED_BY_PEER || cause.kind() == Cause.Kind.CLOSED_LOCALLY;
        driver.loop().execute(() -> link.ended(this, inOrder, cause.message()));
    }
}
