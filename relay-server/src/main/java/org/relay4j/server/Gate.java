package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the handshakes of a server share: its identity, the policy for names, and threads for computations. */
final class Gate {
    /*
     * Two groups of threads, because a policy is foreign code that may be slow: it delays clients with names and no TLS
     * handshake. Both queues are bounded. A client whose task does not fit is turned away; the number of clients in a handshake
     * is bounded by Admission anyway.
     */

    private static final Logger log = LoggerFactory.getLogger(Gate.class);
    /** The time that the policy and the registry have for one client. Unit: nanoseconds. */
    static final long DECISION = TimeUnit.SECONDS.toNanos(3);

    static final int QUEUED = 512; // tasks; more than the clients that may be pending by default

    private final RelayServer server;
    private final RelayServerOptions options;
    private final ClientLimits nameless;
    private final Workers engines;
    private final Workers verifiers;
    private final Revocations revocations = new Revocations();
    private @Nullable Closeable watch; // set once
    private @Nullable FileWatch files; // set once

    Gate(RelayServer server, RelayServerOptions options) {
        this.server = server;
        this.options = options;
        nameless = options.policy().nameless();
        int processors = Runtime.getRuntime().availableProcessors();
        engines = new Workers("relay-tls", Math.max(1, processors / 2), QUEUED);
        verifiers = new Workers("relay-identity", 2, QUEUED);
    }

    /** Begins to check certificate files and to watch the policy. */
    void start() {
        watch = options.policy().watch(this::revoke);
        if (options.tls() != null) files = new FileWatch(options.certificateCheck(), this::reload);
    }

    void close() {
        engines.end();
        verifiers.end();
        if (files != null) files.close();
        Closeable watched = watch;
        if (watched == null) return;
        try {
            watched.close();
        } catch (IOException | RuntimeException e) {
            log.warn("relay server: the policy cannot be closed", e);
        }
    }

    RelayServer server() {
        return server;
    }

    RelayServerOptions options() {
        return options;
    }

    /** What a client without a name may have. */
    ClientLimits nameless() {
        return nameless;
    }

    /** For TLS engines and their tasks. */
    Workers engines() {
        return engines;
    }

    /** For the policy and signatures. */
    Workers verifiers() {
        return verifiers;
    }

    Revocations revocations() {
        return revocations;
    }

    /** Whether a client on this port has anything to do before it has its port. */
    boolean isBase() {
        return options.tls() == null && !options.extended() && !options.requireName();
    }

    /** A name has lost its proof: clients that are about to get a tunnel with it, and its tunnels, end. */
    private void revoke(String name) {
        revocations.revoke(name);
        server.tunnels().revoke(name);
    }

    private void reload() {
        ServerTls tls = options.tls();
        try {
            if (tls != null && tls.reload()) log.info("relay server: new certificate in use, {}", tls.fingerprint());
        } catch (IOException e) {
            log.error(
                    "relay server: cannot use the changed certificate files, the certificate before stays in use: {}",
                    e.getMessage());
        }
    }
}
