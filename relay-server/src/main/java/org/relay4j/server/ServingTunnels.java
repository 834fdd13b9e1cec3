package org.relay4j.server;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.PublicEndpoint.Flow;

/**
 * The tunnels that serve the visitors of one endpoint: the one that has it, and others of the same name that share it. Chooses the
 * connection that takes the next visitor. On the loop of these tunnels, unless a method says otherwise.
 */
final class ServingTunnels {
    /** One of the tunnels, and what becomes of the visitors that it would get. */
    private static final class Member {
        private final ServerTunnel tunnel;
        private Flow flow;

        private Member(ServerTunnel tunnel, Flow flow) {
            this.tunnel = tunnel;
            this.flow = flow;
        }
    }

    private final List<Member> members =
            new ArrayList<>(1); // first the tunnel that has the endpoint, then in order of joining
    private int chosen; // index of the one that takes the next visitor
    private int last = -1; // index of the one that has the last visitor
    private volatile boolean withdrawn; // by all; written on the loop

    ServingTunnels(ServerTunnel owner) {
        members.add(new Member(owner, Flow.OPEN));
    }

    /** Decides what becomes of the visitors that a tunnel would get. If it does not serve the endpoint yet, it does from now on. */
    void set(ServerTunnel tunnel, Flow flow) {
        Member present = find(tunnel);
        if (present == null) {
            members.add(new Member(tunnel, flow));
            owner().tunnel.connections().changed(); // they have others now
        } else present.flow = flow;
        withdrawn = allHaveWithdrawn();
    }

    private Member owner() {
        return members.get(0);
    }

    private @Nullable Member find(ServerTunnel tunnel) {
        for (Member each : members) {
            if (each.tunnel == tunnel) return each;
        }
        return null;
    }

    /** A tunnel that shares the endpoint does not serve it any more. */
    void remove(ServerTunnel sharer) {
        members.removeIf(each -> each.tunnel == sharer);
        last = -1;
        withdrawn = allHaveWithdrawn();
        owner().tunnel.connections().changed();
    }

    /** Returns the tunnels that share the endpoint with the one that has it, in the order in which they joined. */
    List<ServerTunnel> sharers() {
        return members.stream().skip(1).map(each -> each.tunnel).toList();
    }

    /** Returns whether visitors are reset, because each tunnel has withdrawn the endpoint. From any thread. */
    boolean areWithdrawn() {
        return withdrawn;
    }

    private boolean allHaveWithdrawn() {
        for (Member each : members) {
            if (each.flow != Flow.WITHDRAWN) return false;
        }
        return true;
    }

    /** Returns whether visitors wait because no tunnel is served. */
    boolean areHeld() {
        for (Member each : members) {
            if (each.flow == Flow.OPEN && !each.tunnel.lifecycle().isWaiting()) return false;
        }
        return true;
    }

    /**
     * Chooses the connection that takes the next visitor: of one tunnel, the next in turn; of several, the one with the fewest
     * visitors, and of equal ones the next in turn. Returns false if none can take one now.
     */
    boolean choose() {
        if (members.size() == 1) {
            chosen = 0;
            return owner().flow == Flow.OPEN && owner().tunnel.connections().choose();
        }
        int fewest = Integer.MAX_VALUE;
        for (int n = 1; n <= members.size(); n++) {
            int index = (last + n) % members.size();
            Member each = members.get(index);
            int visitors = each.flow == Flow.OPEN ? each.tunnel.connections().chooseFewest() : Integer.MAX_VALUE;
            if (visitors >= fewest) continue;
            fewest = visitors;
            chosen = index;
        }
        return fewest < Integer.MAX_VALUE;
    }

    /** Returns the connection that was chosen, in the same step: it gets a visitor. */
    TunnelConnection chosen() {
        last = chosen;
        return members.get(chosen).tunnel.connections().chosen();
    }
}
