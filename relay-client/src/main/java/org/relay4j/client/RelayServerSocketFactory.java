package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Opens a public port for each server socket that it creates. The local port, backlog and address are ignored; the backlog is
 * that of {@link RelayClientOptions#session}. Safe for use by several threads.
 */
final class RelayServerSocketFactory extends ServerSocketFactory {
    private final String host;
    private final int port;
    private final RelayClientOptions options;

    RelayServerSocketFactory(String host, int port, RelayClientOptions options) {
        this.host = host;
        this.port = port;
        this.options = options;
    }

    @Override
    public RelayAcceptor createServerSocket() throws IOException {
        return RelayClient.connect(host, port, options);
    }

    @Override
    public RelayAcceptor createServerSocket(int localPort) throws IOException {
        return createServerSocket();
    }

    @Override
    public RelayAcceptor createServerSocket(int localPort, int backlog) throws IOException {
        return createServerSocket();
    }

    @Override
    public RelayAcceptor createServerSocket(int localPort, int backlog, @Nullable InetAddress localAddress)
            throws IOException {
        return createServerSocket();
    }
}
