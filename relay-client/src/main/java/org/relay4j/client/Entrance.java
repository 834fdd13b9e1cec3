package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.control.ControlLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way into one relay server: to a new tunnel, or back to the one that a lease was granted for. By one thread at a time. */
final class Entrance {
    private static final Logger log = LoggerFactory.getLogger(Entrance.class);
    private static final Duration URGENT = Duration.ofSeconds(1);

    private final InetSocketAddress server; // may be unresolved
    private final RelayClientOptions options;
    private final Lease lease;

    Entrance(InetSocketAddress server, RelayClientOptions options) {
        this.server = server;
        this.options = options;
        Path path = options.leaseFile();
        lease = new Lease(path == null ? null : new LeaseFile(path, purpose()), System::nanoTime);
    }

    private String purpose() {
        ClientIdentity identity = options.identity();
        return HostPort.text(server) + (identity == null ? " " : " " + identity.name() + " ") + request();
    }

    /**
     * Connects. With a lease that the server no longer knows, it connects once more without.
     *
     * @throws IOException as {@link ControlConnection#open} does
     */
    ControlConnection open() throws IOException {
        String shown = lease.word();
        if (shown == null) return open(wantsLease() ? request().with("resume") : request());
        try {
            return open(request().with("resume", shown));
        } catch (RelayRefusedException e) {
            if (!e.code().equals("lease-unknown")) throw e;
            log.info("{} no longer has the tunnel, asking for a new one", HostPort.text(server));
            lease.forget();
            return open(request().with("resume"));
        }
    }

    private ControlConnection open(ControlLine request) throws IOException {
        Duration timeout = options.connectTimeout();
        if (isUrgent() && timeout.compareTo(URGENT) > 0) timeout = URGENT;
        ControlConnection connection =
                ControlConnection.open(server.getHostString(), server.getPort(), options, request, timeout);
        lease.granted(connection.grant());
        return connection;
    }

    private ControlLine request() {
        return ServerLines.request(options);
    }

    /** Without it the tunnel ends with its connection. */
    private boolean wantsLease() {
        return options.reconnect() || options.leaseFile() != null;
    }

    /** The connection was lost. */
    void connectionLost() {
        lease.connectionLost();
    }

    /** Whether the server still keeps the tunnel, so that visitors wait for this client. */
    boolean isUrgent() {
        return lease.isWaitedFor();
    }
}
