package org.relay4j.api;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * The way from a public port of a relay server to this program: one connection to the server, over which the visitors of
 * the port arrive. Safe for use by several threads.
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

    /** Ends the tunnel; visitors that are connected may be cut off, see the implementing class. */
    @Override
    void close() throws IOException;
}
