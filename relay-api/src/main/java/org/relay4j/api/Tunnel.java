package org.relay4j.api;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * The way from a public port of a relay server to this program: one connection to the server, over which the visitors of
 * the port arrive. Safe for use by several threads.
 *
 * <pre>{@code
 * Tunnel tunnel = RelayClient.forward("relay.example.com", 7000, service);
 * System.out.println("reachable at " + tunnel.publicAddress() + " while " + tunnel.isOpen());
 * tunnel.close(Duration.ofSeconds(30)); // who is connected may finish
 * }</pre>
 */
public interface Tunnel extends Closeable {
    /**
     * Where visitors connect: the server's host as this program knows it, and the public port. After a reconnect the port
     * may be another one.
     */
    InetSocketAddress publicAddress();

    /** The control address of the relay server. */
    InetSocketAddress serverAddress();

    /** True while the connection to the server stands. */
    boolean isOpen();

    /** Returns the totals so far. Does not block. Pings the server, at most every 10 s, to keep the round trip current. */
    TunnelStatistics statistics();

    /** Ends the tunnel; visitors that are connected may be cut off, see the implementing class. */
    @Override
    void close() throws IOException;

    /**
     * Ends the tunnel gracefully: the public port takes no more visitors from now on, those that are connected may finish, and
     * who has not finished in time is reset. Blocks until all that is done, a second longer than {@code timeout} at most. A
     * thread that is interrupted meanwhile resets the visitors at once, and stays interrupted.
     *
     * @return true when all visitors had finished
     */
    boolean close(Duration timeout) throws IOException;
}
