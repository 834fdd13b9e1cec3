package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.relay4j.api.Endpoint;

/** Another node as a view has it. Confined to the executor of the node. */
final class Member {
    /** How long an answer on a link shows that the node is alive. Unit: nanoseconds. */
    static final long HEARD = Duration.ofSeconds(2).toNanos();

    /** How long a node that is back may take to put its routes again. Unit: nanoseconds. */
    private static final long RETURN = Duration.ofSeconds(10).toNanos();

    final Set<Endpoint> endpoints = new LinkedHashSet<>(); // of its routes
    NodeInfo info;
    long lease; // of its entry and its routes
    boolean expired; // the registry no longer has it, but it answers on its links
    boolean dead; // it does not answer on its links
    long registeredSince; // when the registry has had it since
    private boolean returns; // the registry has it again after it was expired; its routes of before are kept
    private long returnedAt;
    private boolean heard;
    private long heardAt;

    Member(NodeInfo info) {
        this.info = info;
    }

    void alive(long now) {
        heard = true;
        heardAt = now;
        dead = false;
    }

    /** The registry has it again after it was expired. */
    void returned(long now) {
        expired = false;
        returns = true;
        returnedAt = now;
    }

    /**
     * Returns true once, when it has had the time to put its routes again.
     *
     * @param current whether this node would see them; the time begins anew when it does not
     */
    boolean endReturn(long now, boolean current) {
        if (!current) returnedAt = now;
        if (expired || !returns || now - returnedAt <= RETURN) return false;
        returns = false;
        return true;
    }

    /** Returns whether the registry has had it for so long that it has put what it serves. */
    boolean isSettled(long now) {
        return !expired && now - registeredSince > RETURN;
    }

    /** It is another process now, which has not answered on a link yet. */
    void restarted() {
        heard = false;
        dead = false;
    }

    void dead() {
        heard = false;
        dead = true;
    }

    boolean isHeard(long now) {
        return heard && now - heardAt <= HEARD;
    }

    /** Returns its rank as a candidate. */
    int rank() {
        if (dead) return 2;
        return info.draining() ? 1 : 0;
    }
}
