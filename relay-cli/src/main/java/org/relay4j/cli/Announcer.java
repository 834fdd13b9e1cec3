package org.relay4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;

/** Writes the events of a forwarder's tunnel to standard output. */
final class Announcer implements TunnelListener {
    private static final long LAST_EVENT = 2; // s; how long the listener may take to report the end

    private final Output output;
    private final String server;
    private final Events events;
    private final CountDownLatch ended = new CountDownLatch(1);
    private boolean wasUp; // one call at a time
    private volatile @Nullable CommandFailure failure; // standard output cannot be written

    /** The lines that are different for one service and for several. */
    interface Events {
        /** The tunnel is up, for the first time or again. */
        void up(Tunnel tunnel, boolean again);

        /** The public address of one of several services has changed. */
        default void changed(Tunnel service) {}
    }

    Announcer(Output output, String server, Events events) {
        this.output = output;
        this.server = server;
        this.events = events;
    }

    /** Reports a tunnel with one service, each time that it is up. */
    static Events of(Output output, InetSocketAddress local) {
        return (tunnel, again) -> output.relaying(tunnel.publicAddress(), local, tunnel.id(), again);
    }

    /** Reports several services: each when it is opened for the first time, and when its address changes. */
    static Events of(ForwardedServices services) {
        return new Events() {
            @Override
            public void up(Tunnel tunnel, boolean again) {
                services.up();
            }

            @Override
            public void changed(Tunnel service) {
                services.announce(service);
            }
        };
    }

    @Override
    public void up(Tunnel tunnel) {
        boolean again = wasUp;
        wasUp = true;
        output.progress().end();
        write(tunnel, () -> events.up(tunnel, again));
    }

    @Override
    public void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {
        write(tunnel, () -> events.changed(tunnel));
    }

    @Override
    public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        if (cause != null) write(tunnel, () -> lost(tunnel, cause, willRetry));
        if (willRetry) output.progress().begin("reconnecting to " + server);
        else {
            output.progress().end();
            ended.countDown();
        }
    }

    private void lost(Tunnel tunnel, Throwable cause, boolean willRetry) {
        output.lost(tunnel.publicAddress().getPort(), tunnel.id(), String.valueOf(cause.getMessage()), willRetry);
    }

    /** Nobody could know the public port without this line, so a failure ends the tunnel. */
    private void write(Tunnel tunnel, Runnable line) {
        try {
            line.run();
        } catch (CommandFailure e) {
            failure = e;
            close(tunnel);
        }
    }

    private static void close(Tunnel tunnel) {
        try {
            tunnel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void throwFailure() {
        CommandFailure thrown = failure;
        if (thrown != null) throw thrown;
    }

    /** Waits until the end was reported, which happens on another thread. */
    void awaitEnd() throws InterruptedException {
        if (ended.await(LAST_EVENT, TimeUnit.SECONDS)) throwFailure();
    }
}
