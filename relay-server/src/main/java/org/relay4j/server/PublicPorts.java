package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;

/** The ports that the server may give to clients. Safe for use by several threads. */
final class PublicPorts {
    private final @Nullable InetAddress address;
    private final int lowest; // 0: any free port
    private final int count;
    private final AtomicInteger turn = new AtomicInteger();

    PublicPorts(RelayServerOptions options) {
        address = options.publicBindAddress();
        lowest = options.lowestPublicPort();
        count = options.highestPublicPort() - lowest + 1;
    }

    /**
     * Binds a listener to the next free port of the range. A port that became free is not given again before all the
     * others, so that a visitor of the client before does not end up with a stranger.
     *
     * @throws BindException when none is free
     */
    Listener open(Loop loop, Listener.Owner owner) throws IOException {
        if (lowest == 0) return Listener.open(loop, new InetSocketAddress(address, 0), owner);
        for (int i = 0; i < count; i++) {
            Listener listener = tryOpen(loop, lowest + Math.floorMod(turn.getAndIncrement(), count), owner);
            if (listener != null) return listener;
        }
        throw new BindException("no port of " + lowest + " to " + (lowest + count - 1) + " is free");
    }

    /** Null when the port is taken by another tunnel, or by another program. */
    private @Nullable Listener tryOpen(Loop loop, int port, Listener.Owner owner) throws IOException {
        try {
            return Listener.open(loop, new InetSocketAddress(address, port), owner);
        } catch (BindException e) {
            return null;
        }
    }
}
