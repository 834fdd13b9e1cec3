package org.relay4j.api;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A public port of a relay server whose visitors reach this program over a connection to the server. Safe for use by several
 * threads.
 *
 * <pre>{@code
 * Tunnel tunnel = RelayClient.forward("relay.example.com", 7000, service);
 * System.out.println("reachable at " + tunnel.publicAddress() + " while " + tunnel.isOpen());
 * tunnel.close(Duration.ofSeconds(30)); // connected visitors may finish
 * }</pre>
 */
public interface Tunnel extends Closeable {
    /**
     * Returns the address to which visitors connect: the server's host as this program knows it, and the public port. The port
     * may change with a reconnect. Behind a proxy, the address is not resolved if the server was given by name.
     */
    InetSocketAddress publicAddress();

    /** Returns the control address of the relay server. */
    InetSocketAddress serverAddress();

    /**
     * Returns the id of the tunnel, which the server's log has too: 32 hexadecimal digits. It is not secret. The id stays the same
     * after a reconnect if the server has kept the tunnel for this client.
     *
     * @return null if the tunnel has none: before it is up, or if the server grants no lease
     */
    default @Nullable String id() {
        return null;
    }

    /** Returns true while the connection to the server is established. */
    boolean isOpen();

    /** Returns the totals so far. Does not block. Pings the server, at most every 10 s, to keep the round trip current. */
    TunnelStatistics statistics();

    /** Closes the tunnel. Connected visitors may be reset, see the implementing class. */
    @Override
    void close() throws IOException;

    /**
     * Closes the tunnel gracefully: the public port accepts no more visitors, connected visitors may finish, and those that have
     * not finished when the timeout expires are reset. Blocks until then, at most a second longer than {@code timeout}. If the
     * calling thread is interrupted, the visitors are reset at once and the thread stays interrupted.
     *
     * @param timeout how long visitors may take to finish; zero means that they are reset at once
     * @return true if all visitors had finished
     */
    boolean close(Duration timeout) throws IOException;

    /** Blocks until the tunnel has ended for good: it was closed, or it was lost and is not re-established. */
    void awaitEnd() throws InterruptedException;
}
