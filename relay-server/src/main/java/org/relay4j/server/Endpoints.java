package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;

/** The endpoints of one tunnel. On the tunnel's loop, unless a method says otherwise. */
final class Endpoints {
    private final ServerTunnel tunnel;
    private List<PublicEndpoint> all = List.of(); // replaced by each change
    private int first; // index of the one that is resumed first
    private int finishing; // that still have visitors
    private boolean closed;

    Endpoints(ServerTunnel tunnel) {
        this.tunnel = tunnel;
    }

    /**
     * Opens an endpoint that belongs to no tunnel yet. The caller has checked that the client may have it.
     *
     * @throws BindException if it is in use, or none is free; the message says why
     * @throws IOException if the server cannot open it
     */
    static PublicEndpoint open(RelayServer server, Loop loop, ClientLimits limits, Endpoint wanted) throws IOException {
        return switch (wanted.kind()) {
            case TCP -> PublicPort.open(server, loop, limits, wanted.number());
            case UDP -> throw new BindException("this server has no UDP ports");
            case HOST -> PublicName.open(server, loop, wanted);
        };
    }

    /** Adds an endpoint and assigns it to the tunnel. */
    void add(PublicEndpoint endpoint) {
        List<PublicEndpoint> more = new ArrayList<>(all);
        more.add(endpoint);
        all = List.copyOf(more);
        endpoint.belongTo(tunnel);
    }

    /** Removes an open endpoint, for another tunnel; null if the tunnel does not have it. */
    @Nullable
    PublicEndpoint take(Endpoint wanted) {
        for (PublicEndpoint each : all) {
            if (!each.endpoint().equals(wanted) || !each.belongsTo(tunnel)) continue;
            List<PublicEndpoint> others = new ArrayList<>(all);
            others.remove(each);
            all = List.copyOf(others);
            return each;
        }
        return null;
    }

    /** Starts to accept visitors. Later calls have no effect. */
    void start() throws IOException {
        for (PublicEndpoint each : all) each.start();
    }

    /** Called when a connection may accept a visitor. The endpoints take turns in being the first. */
    void resume() {
        List<PublicEndpoint> now = all;
        if (now.isEmpty()) return;
        int start = first++ % now.size();
        for (int n = 0; n < now.size(); n++) now.get((start + n) % now.size()).resume();
    }

    /** Accepts the last visitors of each endpoint, and calls {@code then} when all were passed to a connection. */
    void finish(Runnable then) {
        List<PublicEndpoint> open = all;
        finishing = open.size() + 1;
        Runnable one = () -> {
            if (--finishing == 0) then.run();
        };
        for (PublicEndpoint each : open) each.finish(one);
        one.run();
    }

    /** Closes all. Later calls have no effect. */
    void close() {
        closed = true;
        for (PublicEndpoint each : all) each.close(tunnel);
    }

    boolean isClosed() {
        return closed;
    }
}
