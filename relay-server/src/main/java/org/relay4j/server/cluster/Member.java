package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.relay4j.api.Endpoint;

/** Another node as a view has it. Confined to the executor of the node. */
final class Member {
    /** How long an answer on a link shows that the node is alive. Unit: nanoseconds. */
    static final long HEARD = Duration.ofSeconds(2).toNanos();

    final Set<Endpoint> endpoints = new LinkedHashSet<>(); // of its routes
    NodeInfo info;
    boolean expired; // the registry no longer has it, but it answers on its links
    boolean dead; // it does not answer on its links
    long backSince; // when the registry had it again after it was expired; 0: it has no kept routes since then
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
