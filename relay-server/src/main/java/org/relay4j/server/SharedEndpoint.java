package org.relay4j.server;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;

/**
 * An endpoint of another tunnel of the same name, whose visitors this tunnel serves, too. They are counted for the tunnel that has
 * the endpoint. Both tunnels are on the same loop.
 */
final class SharedEndpoint implements PublicEndpoint {
    private final PublicEndpoint shared;
    private @Nullable ServerTunnel tunnel; // that serves its visitors
    private Flow flow = Flow.OPEN;

    SharedEndpoint(PublicEndpoint shared) {
        this.shared = shared;
    }

    /** Returns the endpoint, whichever tunnel has it. */
    PublicEndpoint shared() {
        return shared;
    }

    Flow flow() {
        return flow;
    }

    @Override
    public Endpoint endpoint() {
        return shared.endpoint();
    }

    @Override
    public String publicAddress() {
        return shared.publicAddress();
    }

    @Override
    public Loop loop() {
        return shared.loop();
    }

    @Override
    public @Nullable VisitorQueue queue() {
        return shared.queue();
    }

    @Override
    public void belongTo(ServerTunnel owner) {
        tunnel = owner;
        VisitorQueue visitors = queue();
        if (visitors != null) visitors.join(owner, flow);
    }

    @Override
    public boolean belongsTo(ServerTunnel owner) {
        return owner == tunnel;
    }

    @Override
    public void moveTo(Loop next) {
        throw new IllegalStateException("only the tunnel that has the endpoint passes it on");
    }

    @Override
    public void start() {
        // the tunnel that has the endpoint has started it
    }

    @Override
    public void turn(Flow next) {
        flow = next;
        VisitorQueue visitors = queue();
        if (tunnel == null || visitors == null) return;
        visitors.join(tunnel, next);
        shared.resume();
    }

    @Override
    public void resume() {
        shared.resume();
    }

    @Override
    public void finish(Runnable then) {
        close(tunnel);
        then.run();
    }

    @Override
    public void close(@Nullable ServerTunnel owner) {
        VisitorQueue visitors = queue();
        if (owner == null || owner != tunnel) return;
        tunnel = null;
        if (visitors == null) return;
        visitors.leave(owner);
        // What becomes of visitors may have changed. Later: this may be called with the lock of a session held.
        Loop home = shared.loop();
        home.execute(() -> {
            if (shared.loop() == home) shared.resume();
        });
    }

    @Override
    public int visitors() {
        return 0;
    }

    @Override
    public int waiting() {
        return 0;
    }
}
