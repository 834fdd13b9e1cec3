package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;

/**
 * An endpoint of a tunnel, which outlives the connections that carry its visitors. While no connection takes visitors, they wait
 * here. On the loop of the tunnel, unless a method says otherwise.
 */
interface PublicEndpoint {
    /** What becomes of new visitors. */
    enum Flow {
        /** They are passed to a connection, or wait for one. */
        OPEN,
        /** They wait. */
        PAUSED,
        /** They are reset, because the client has withdrawn the endpoint. */
        WITHDRAWN
    }

    /**
     * Opens an endpoint that belongs to no tunnel yet. The caller has checked that the client may have it.
     *
     * @throws BindException if it is in use, or none is free; the message says why
     * @throws IOException if the server cannot open it
     */
    static PublicEndpoint open(RelayServer server, Loop loop, ClientLimits limits, Endpoint wanted) throws IOException {
        return switch (wanted.kind()) {
            case TCP -> new PublicPort(server, loop, limits, wanted.number());
            case UDP -> new PublicUdpPort(server, loop, limits, wanted.number());
            case HOST -> {
                String domain = server.options().domain();
                yield PublicName.open(server, loop, wanted.isAny() ? Domain.random(domain, limits) : wanted);
            }
        };
    }

    /** Returns what visitors address, never one that the server has yet to choose. From any thread. */
    Endpoint endpoint();

    /** Returns the address for visitors, as sent to the client; its host is empty if only the client knows it. From any thread. */
    String publicAddress();

    /** Returns the loop on which it was opened, or to which it has moved: that of its tunnel. From any thread. */
    Loop loop();

    /** Returns the queue of its visitors; null if it has none, or belongs to no tunnel. */
    @Nullable
    VisitorQueue queue();

    /** Assigns the endpoint to a tunnel, on the loop of which it is. Visitors that wait since {@link #moveTo} move along. */
    void belongTo(ServerTunnel owner);

    /** Returns whether the tunnel has the endpoint, and it is open. */
    boolean belongsTo(ServerTunnel owner);

    /**
     * Takes the endpoint from its tunnel and passes it to a loop, without its connected visitors. On that loop, {@link #belongTo}
     * and {@link #start} must follow, or {@link #close} with null.
     */
    void moveTo(Loop next);

    /** Starts to accept visitors. Later calls have no effect. */
    void start() throws IOException;

    /** Decides what becomes of new visitors, and of those that wait. It is {@link Flow#OPEN} at first. */
    void turn(Flow flow);

    /** Called when a connection of the tunnel may take a visitor: waiting ones are first. */
    void resume();

    /**
     * Accepts the visitors that have connected already, but no more, and calls {@code then} when all were passed to a connection:
     * usually at once, otherwise when the connections have room for them. If the endpoint is closed, {@code then} is called at
     * once.
     */
    void finish(Runnable then);

    /**
     * Stops accepting visitors, resets waiting ones, and gives the port or name back, if {@code owner} has it. Later calls have no
     * effect.
     *
     * @param owner null if the endpoint belongs to no tunnel
     */
    void close(@Nullable ServerTunnel owner);

    /** Returns the number of visitors that were accepted and have not left. From any thread. */
    int visitors();

    /** Returns the number of visitors that wait for a connection. */
    int waiting();

    /** Returns the public address of a port that is bound to a local address; without a host if all addresses are bound. */
    static String text(InetSocketAddress bound) {
        return bound.getAddress().isAnyLocalAddress() ? ":" + bound.getPort() : Sockets.text(bound);
    }
}
