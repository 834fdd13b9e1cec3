package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.files.FileWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The shared state of the handshakes of a server: its identity, the policy for names, and threads for computations. */
final class Gate {
    /*
     * Three groups of threads. A policy is user code that may be slow: it may delay clients with names, but no TLS handshakes.
     * Visitors whose TLS ends here are many and strangers: they may delay each other, but must not take the room of clients. The
     * queues are bounded, and a client or visitor whose task does not fit is refused. Admission also bounds the number of clients
     * in a handshake.
     */

    private static final Logger log = LoggerFactory.getLogger(Gate.class);

    /** The time limit of policy and registry for one client, and of the wait for its turn in a cluster. Unit: nanoseconds. */
    static final long DECISION = TimeUnit.SECONDS.toNanos(3);

    static final int QUEUED = 512; // tasks; more than the clients that may be pending by default

    private final RelayServer server;
    private final ClientLimits nameless;
    private final Workers engines;
    private final Workers visitorEngines;
    private final Workers verifiers;
    private final Revocations revocations = new Revocations();
    private final ClaimTurns turns = new ClaimTurns();
    private @Nullable Closeable watch; // set once
    private @Nullable FileWatch files; // set once

    Gate(RelayServer server, RelayServerOptions options) {
        this.server = server;
        nameless = options.policy().nameless();
        int processors = Runtime.getRuntime().availableProcessors();
        int threads = Math.max(1, processors / 2);
        engines = new Workers("relay-tls", threads, QUEUED);
        visitorEngines = new Workers("relay-visitor-tls", threads, NamePort.VISITORS_PER_CLIENT * QUEUED);
        verifiers = new Workers("relay-identity", 2, QUEUED);
    }

    /** Starts to check certificate files and to watch the policy. */
    void start() {
        RelayServerOptions options = options();
        watch = options.policy().watch(this::revoke);
        if (options.tls() != null || options.domainTls() != null)
            files = new FileWatch(options.certificateCheck(), this::reload);
    }

    ClaimTurns turns() {
        return turns;
    }

    void close() {
        engines.end();
        visitorEngines.end();
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
        return server.options();
    }

    /** Returns the limits of clients without a name. */
    ClientLimits nameless() {
        return nameless;
    }

    /** Returns the threads for the TLS engines of clients and their tasks. */
    Workers engines() {
        return engines;
    }

    /** Returns the threads for the TLS engines of visitors and their tasks. */
    Workers visitorEngines() {
        return visitorEngines;
    }

    /** Returns the threads for the policy and signatures. */
    Workers verifiers() {
        return verifiers;
    }

    Revocations revocations() {
        return revocations;
    }

    /** Returns whether a client gets its port at once: without TLS and without lines. */
    boolean isBase() {
        RelayServerOptions options = options();
        return options.tls() == null && !options.extended() && !options.requireName();
    }

    /** A name has lost its proof: clients that are about to get a tunnel with it, and its tunnels, end. */
    private void revoke(String name) {
        revocations.revoke(name);
        server.tunnels().revoke(name);
    }

    /** Reads the files of certificates and clients again that have changed, without waiting for the next check. */
    void readChangedFiles() {
        reload();
        if (options().policy() instanceof FilePolicy policy) policy.reload();
    }

    private void reload() {
        reload(options().tls(), "");
        String domain = options().domain();
        if (domain != null) reload(options().domainTls(), " for *." + domain);
    }

    /** @param names those of the certificate, for the log */
    private static void reload(@Nullable ServerTls tls, String names) {
        try {
            if (tls != null && tls.reload()) {
                log.info("relay server: new certificate in use{}, {}", names, tls.fingerprint());
            }
        } catch (IOException e) {
            log.error(
                    "relay server: cannot use the changed certificate files{}, the previous certificate stays in use: {}",
                    names,
                    e.getMessage());
        }
    }
}
