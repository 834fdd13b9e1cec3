package org.relay4j.server;

import org.relay4j.yamux.core.Cause;

/** The end of a tunnel, from the last visitor that it accepts to the end of its last connection. On the tunnel's loop. */
final class TunnelEnding {
    /*
     * A tunnel that leaves accepts the visitors that have connected already (leave), gives back its endpoints and its place, for which
     * a new tunnel may be waiting (finish), and ends with its last visitor (end). One whose client will not return begins with
     * finish, one that is lost with end.
     */
    private static final Cause CLOSED = new Cause(Cause.Kind.CLOSED_LOCALLY, "the tunnel was closed");

    private final RelayServer server;
    private final ServerTunnel tunnel;
    private final TunnelLifecycle lifecycle;
    private final Tenure tenure;

    /** @param tunnel of which everything is assigned that is declared before its ending */
    TunnelEnding(ServerTunnel tunnel) {
        server = tunnel.server();
        this.tunnel = tunnel;
        lifecycle = tunnel.lifecycle();
        tenure = tunnel.tenure();
    }

    /** Accepts the visitors that have connected already, but no more, and ends with the last one. Later calls have no effect. */
    void leave() {
        boolean served = lifecycle.isServed();
        if (!lifecycle.leave()) return;
        if (served) tunnel.endpoints().finish(this::left);
        else left();
    }

    /** Called when no visitor is left at the endpoints. */
    private void left() {
        finish();
        if (tunnel.connections().isEmpty()) end(CLOSED);
        drainAll();
    }

    private void drainAll() {
        for (TunnelConnection connection : tunnel.connections().copy()) connection.drain();
    }

    /** Gives back the place and the endpoints. Connected visitors finish. */
    void finish() {
        // One without visitors ends soon, unless its client stays connected. While the server shuts down, there are no
        // new ones.
        TunnelVisitors visitors = tunnel.visitors();
        if (!server.isClosing() && !tunnel.endpoints().isClosed() && visitors.present() > visitors.waiting())
            tenure.finish(tunnel);
        closeEndpoints();
    }

    /** Closes the endpoints. They, and the lease, are no longer found. */
    private void closeEndpoints() {
        tunnel.entry().end(); // first: another tunnel may have them as soon as they are closed
        tunnel.endpoints().close();
        server.registry().leave(tunnel);
    }

    /** Called when newer tunnels that are finishing have displaced this one. */
    void cutShort() {
        if (lifecycle.isClosed()) return;
        tunnel.reporter().cutShort(tunnel.visitors().present());
        tunnel.close();
    }

    /** Ends the tunnel and resets its visitors. */
    void abort() {
        lifecycle.abort();
        if (tunnel.connections().isEmpty()) end(CLOSED);
        for (TunnelConnection connection : tunnel.connections().copy()) connection.close();
    }

    /** Ends the tunnel; connections whose visitors are finishing stay. Later calls have no effect. */
    void end(Cause cause) {
        if (lifecycle.isClosed()) return;
        letGo(cause.message());
        drainAll(); // those that sent GoAway may have visitors
        tunnel.reporter().down(cause, lifecycle.isEstablished());
    }

    /** Releases everything except the connections. */
    void letGo(String why) {
        lifecycle.close();
        closeEndpoints();
        boolean established = lifecycle.isEstablished();
        server.tunnels().ended(tunnel, established);
        StickyPorts sticky = server.stickyPorts();
        ClientRequest request = tunnel.request();
        if (sticky != null && established && request.isBase())
            sticky.closed(request.client().getAddress(), tunnel.port(), System.nanoTime());
        tenure.leave(why);
    }
}
