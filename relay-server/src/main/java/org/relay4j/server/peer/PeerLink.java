package org.relay4j.server.peer;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.TlsWire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The link to one loop of another node: dialled when a visitor needs it, and again when it was lost, with a growing pause after each
 * failure. On one loop of this node, unless a method says otherwise.
 */
final class PeerLink {
    /*
     * Visitors wait while the link is dialled, a second at most, and are then tried elsewhere, as they are during a pause. The number
     * of unanswered visitors of each endpoint is limited, so that one endpoint cannot use up those of the whole link.
     *
     * The session of a node that becomes silent is retired: it keeps the visitors that the node serves, which go on if it was only
     * paused, and new visitors get a new session. So does a session that can open no more streams.
     */
    private static final Logger log = LoggerFactory.getLogger(PeerLink.class);

    /** Visitors of one endpoint that may wait for an answer, or for the link. */
    static final int UNANSWERED_OF_ENDPOINT = 256;

    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(1);

    /** A link that ends earlier has failed. Unit: nanoseconds. */
    private static final long SHORT_LIFE = TimeUnit.SECONDS.toNanos(5);

    /** Retired sessions; one more ends the oldest. */
    static final int MOST_RETIRED = 4;

    private final PeerSettings settings;
    private final PeerLinks links;
    private final NodeInfo node;
    private final int number; // of the other node's loop
    private final Loop loop;
    private final ArrayDeque<PeerSending> waiting = new ArrayDeque<>(0); // for the link
    private final Map<Endpoint, Integer> unanswered = new HashMap<>();
    private volatile @Nullable PeerOutbound session; // while it is up
    private final ArrayDeque<PeerOutbound> retired = new ArrayDeque<>(0); // the oldest first
    private volatile boolean hasRetired;
    private @Nullable PeerDial dial; // while it is dialled
    private Loop.@Nullable Timer redial; // after the loss of a session
    private Loop.@Nullable Timer patience; // of the visitors that wait
    private long pause; // ns; the last one
    private long pausedUntil; // ns
    private long establishedAt; // ns; 0: never
    private String lastFailure = "";
    private boolean closed;

    PeerLink(PeerSettings settings, PeerLinks links, NodeInfo node, int number) {
        this.settings = settings;
        this.links = links;
        this.node = node;
        this.number = number;
        loop = settings.loops().of(node.name() + "/" + number);
    }

    // ---- from any thread

    boolean isUp() {
        return session != null;
    }

    /** Returns whether it may have visitors. */
    boolean isInUse() {
        return session != null || hasRetired;
    }

    void open(PeerSending offer) {
        loop.runOrExecute(() -> take(offer));
    }

    /** Ends the session, and resets its visitors. */
    void close() {
        loop.runOrExecute(this::closeHere);
    }

    PeerLinkStatus status() {
        PeerOutbound up = session;
        if (up == null) return new PeerLinkStatus(node.name(), number, false, 0, 0);
        return up.status(node.name(), number);
    }

    // ---- visitors

    private void take(PeerSending offer) {
        int count = unanswered.getOrDefault(offer.endpoint(), 0);
        if (closed) offer.elsewhere(this + " is closed");
        else if (count >= UNANSWERED_OF_ENDPOINT) offer.elsewhere(this + " has not answered " + count + " visitors");
        else {
            unanswered.put(offer.endpoint(), count + 1);
            PeerOutbound up = session;
            if (up != null) send(up, offer);
            else await(offer);
        }
    }

    private void send(PeerOutbound up, PeerSending offer) {
        OpenState state = up.send(this, offer);
        if (state == OpenState.READY) return;
        if (state == OpenState.WAIT) {
            answered(offer);
            offer.elsewhere(this + " has no room for a visitor");
            return;
        }
        // No more streams can be opened there, for example because all ids are used.
        session = null;
        retire(up);
        await(offer);
    }

    private void retire(PeerOutbound over) {
        retired.add(over);
        hasRetired = true;
        over.retire();
        if (retired.size() > MOST_RETIRED) retired.remove().close();
    }

    /** The visitor no longer counts as unanswered. Perhaps with the lock of the session held. */
    void answered(PeerSending offer) {
        unanswered.computeIfPresent(offer.endpoint(), (endpoint, count) -> count == 1 ? null : count - 1);
    }

    private void await(PeerSending offer) {
        long now = System.nanoTime();
        if (dial == null && pausedUntil - now > 0) {
            answered(offer);
            offer.elsewhere(this + " cannot be established: " + lastFailure);
            return;
        }
        if (waiting.size() >= PeerOptions.UNANSWERED) {
            answered(offer);
            offer.elsewhere(this + " has " + waiting.size() + " visitors waiting for it");
            return;
        }
        waiting.add(offer);
        if (patience == null) patience = loop.schedule(PeerOptions.ANSWER.toNanos(), this::lose);
        if (dial == null) dial();
    }

    /** Those that wait do so no longer. */
    private void lose() {
        patience = null;
        release("it was not established within " + PeerOptions.ANSWER.toMillis() + " ms");
    }

    private void release(String why) {
        if (patience != null) patience.cancel();
        patience = null;
        for (PeerSending offer; (offer = waiting.poll()) != null; ) {
            answered(offer);
            offer.elsewhere(this + ": " + why);
        }
    }

    // ---- the connection

    private void dial() {
        if (redial != null) redial.cancel();
        redial = null;
        PeerDial begun = new PeerDial(settings, links.tasks(), loop, node, number, this);
        dial = begun;
        begun.start();
    }

    /** The other node has accepted the link. */
    void established(TlsWire wire) {
        dial = null;
        PeerOutbound up = new PeerOutbound(this, loop, wire, links.watcher(), node.name());
        session = up;
        establishedAt = System.nanoTime();
        log.info("{} established", this);
        up.start();
        if (patience != null) patience.cancel();
        patience = null;
        for (int n = waiting.size(); n > 0; n--) {
            PeerSending offer = waiting.poll();
            if (offer != null) send(up, offer);
        }
    }

    /** The link could not be established. */
    void failed(String why) {
        dial = null;
        if (closed) return;
        lastFailure = why;
        if (pause == 0) log.warn("{} cannot be established: {}", this, why);
        else log.debug("{} cannot be established: {}", this, why);
        pause();
        release(why);
        redial();
    }

    /** Dials again after the pause if there was a session before: visitors go elsewhere until the other node is known to answer. */
    private void redial() {
        if (closed || establishedAt == 0 || redial != null || dial != null || session != null) return;
        redial = loop.schedule(Math.max(0, pausedUntil - System.nanoTime()), () -> {
            redial = null;
            if (!closed && dial == null && session == null) dial();
        });
    }

    private void pause() {
        pause = Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, 2 * pause));
        long jitter = ThreadLocalRandom.current().nextLong(pause / 2);
        pausedUntil = System.nanoTime() + pause - jitter;
    }

    /** The other node has not sent a byte for a while. It may only be paused. */
    void silent(PeerOutbound over) {
        if (closed || session != over) return;
        log.warn("{}: the node is silent, new visitors are offered to others first", this);
        lastFailure = "the node is silent";
        session = null;
        retire(over);
        links.watcher().dead(node.name());
        links.ended(node.name());
        redial();
    }

    /** The other node was silent, and is no longer. */
    void heard() {
        pausedUntil = System.nanoTime();
    }

    /** A session has ended. The other node is dead unless it has closed the session in order. */
    void ended(PeerOutbound over, boolean inOrder, String why) {
        boolean current = session == over;
        if (current) session = null;
        else retired.remove(over);
        hasRetired = !retired.isEmpty();
        if (closed) return;
        if (current) lost(inOrder, why);
        else if (!inOrder) log.warn("{}: the visitors of an earlier session were reset: {}", this, why);
        links.ended(node.name());
    }

    private void lost(boolean inOrder, String why) {
        log.warn("{} has ended: {}", this, why);
        lastFailure = why;
        if (System.nanoTime() - establishedAt < SHORT_LIFE) pause();
        else pause = 0;
        if (inOrder) return;
        links.watcher().dead(node.name());
        redial();
    }

    private void closeHere() {
        if (closed) return;
        closed = true;
        release("it is closed");
        if (dial != null) dial.cancel();
        if (redial != null) redial.cancel();
        PeerOutbound up = session;
        session = null;
        if (up != null) up.close();
        for (PeerOutbound each; (each = retired.poll()) != null; ) each.close();
        hasRetired = false;
    }

    @Override
    public String toString() {
        InetSocketAddress address = node.peerAddress();
        return "link to node " + node.name() + " at " + address.getHostString() + ":" + address.getPort();
    }
}
