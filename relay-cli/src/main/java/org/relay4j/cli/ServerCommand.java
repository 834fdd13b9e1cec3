package org.relay4j.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.admin.AdminServer;
import org.relay4j.server.ClusterOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.server.TunnelPolicy;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.io.SocketFile;
import org.relay4j.yamux.io.UnixSockets;

/** The command {@code relay <localport>}. */
final class ServerCommand {
    static final Duration GRACE_PERIOD = Duration.ofSeconds(30);

    private final Arguments arguments;
    private final Output output;
    private final Shutdown shutdown;
    private volatile Duration grace = GRACE_PERIOD;

    ServerCommand(Arguments arguments, Output output, Shutdown shutdown) {
        this.arguments = arguments;
        this.output = output;
        this.shutdown = shutdown;
    }

    /** Runs until the process is terminated. */
    void run() throws InterruptedException {
        RelayServerOptions options = options(null);
        shutdown.closes(output::closed); // closed last
        grace = gracePeriod();
        AdminServer admin = new AdminArguments(arguments).open(shutdown); // closed after the server
        Reload reload = Reload.prepare(arguments, shutdown);
        RelayServer server = start(options);
        shutdown.closes(() -> grace, server::close);
        InetAddress address = server.address().getAddress();
        if (admin != null) admin.serve(server);
        shutdown.closes(reload.begin(new Reloading(server)));
        if (options.controlSocket() != null) output.listening(UnixSockets.PREFIX + options.controlSocket());
        else output.listening(address.isAnyLocalAddress() ? "0.0.0.0" : Output.literal(address), server.port());
        new CountDownLatch(1).await();
    }

    /** The running server. */
    private final class Reloading implements Reload.Target {
        private final RelayServer server;

        Reloading(RelayServer server) {
            this.server = server;
        }

        @Override
        public void validate(Arguments fresh) {
            new ServerCommand(fresh, output, shutdown).validate();
        }

        @Override
        public void apply(Arguments next, Set<Flag> changed) {
            ServerCommand command = new ServerCommand(next, output, shutdown);
            Duration newGrace = command.gracePeriod();
            RelayServerOptions running = server.options();
            // The present policy and certificate read their files themselves.
            RelayServerOptions.Builder options = command.options(running.cluster()).toBuilder()
                    .policy(running.policy())
                    .listener(running.listener());
            if (Collections.disjoint(changed, TlsArguments.OF_SERVER)) options.tls(running.tls());
            if (Collections.disjoint(changed, TlsArguments.OF_DOMAIN)) options.domainTls(running.domainTls());
            server.update(options.build());
            grace = newGrace;
        }
    }

    /** Checks the arguments as at a start. */
    void validate() {
        ClusterArguments.close(options(null));
        gracePeriod();
    }

    private RelayServer start(RelayServerOptions options) {
        try {
            return RelayServer.start(options);
        } catch (BindException e) {
            if (options.controlSocket() != null) {
                throw new CommandFailure(ExitCode.PORT_UNAVAILABLE, String.valueOf(e.getMessage()), e);
            }
            requireLocal(Flag.BIND);
            requireLocal(Flag.PUBLIC_BIND);
            String line = String.valueOf(e.getMessage());
            if (line.startsWith("cannot bind HTTP") || line.startsWith("cannot bind peer"))
                throw new CommandFailure(ExitCode.PORT_UNAVAILABLE, line, e);
            throw new BindFailure(System.getProperty("os.name")).of(options.controlAddress(), e);
        } catch (IOException e) {
            Value stateFile = arguments.get(Flag.STATE_FILE);
            if (stateFile != null && e instanceof FileSystemException) {
                throw new CommandFailure(ExitCode.USAGE, "cannot use " + stateFile.name() + "=" + e.getMessage(), e);
            }
            if (options.cluster() != null) throw ClusterArguments.failure(e);
            String line = "cannot start the server on port "
                    + options.controlAddress().getPort() + ": " + e.getMessage();
            throw new CommandFailure(ExitCode.FAILURE, line, e);
        }
    }

    /** Throws if the option names an address of another machine. */
    void requireLocal(Flag flag) {
        Value bind = arguments.get(flag);
        if (bind != null && !SocketArguments.isSocket(bind) && !BindFailure.isLocal(bind.address()))
            throw bind.mustBe("an address of this machine");
    }

    /**
     * Returns the arguments as options of the library.
     *
     * @param running the cluster of the server that has these options from now on; null if none runs
     */
    RelayServerOptions options(@Nullable ClusterOptions running) {
        RelayServerOptions.Builder options = RelayServerOptions.builder();
        control(options);
        arguments.apply((flag, value) -> set(options, flag, value), options::build);
        redirection(options);
        ServerTls tls = new TlsArguments(arguments).server();
        boolean named = arguments.has(Flag.REQUIRE_NAME);
        boolean extended = arguments.has(Flag.EXTENDED);
        Value proxyCertificates = arguments.get(Flag.PROXY_CERTS);
        if (proxyCertificates != null && tls == null && !named && !extended) {
            throw CommandFailure.usage(proxyCertificates.name()
                    + " has no effect on a plain port, where clients cannot show a name; add " + Flag.EXTENDED);
        }
        options.tls(tls)
                .stickyPorts(arguments.has(Flag.STICKY_PORTS))
                .stateFile(stateFile(options, tls != null || named || extended))
                .policy(policy(named, tls != null || named || extended))
                .requireName(named)
                .extended(extended)
                .session(session(arguments));
        arguments.apply(Flag.PROXY_CERTS, value -> options.proxyCertificates(value.list()), options::build);
        domain(options);
        return new ClusterArguments(arguments).complete(options, running);
    }

    /**
     * Sets an option that does not depend on others; returns false for others. One switch, because a lambda for each would be a
     * visible part of the start.
     */
    private static boolean set(RelayServerOptions.Builder options, Flag flag, Value value) {
        switch (flag) {
            case PUBLIC_BIND -> options.publicBindAddress(value.address());
            case PUBLIC_PORTS -> {
                Value.PortRange range = value.portRange();
                options.publicPorts(range.lowest(), range.highest());
            }
            case HTTPS_PORT -> options.httpsPort(value.port(0));
            case HTTP_PORT -> options.httpPort(value.port(0));
            case LEASE -> options.lease(value.duration());
            case ALLOW_CLIENTS -> options.allowClients(value.list());
            case DENY_CLIENTS -> options.denyClients(value.list());
            case ALLOW_VISITORS -> options.allowVisitors(value.list());
            case DENY_VISITORS -> options.denyVisitors(value.list());
            case TRUSTED_PROXIES -> options.trustedProxies(value.list());
            case IDLE_TIMEOUT -> options.idleTimeout(value.duration());
            case MAX_TUNNELS -> options.maxTunnels(value.count());
            case MAX_TUNNELS_PER_ADDRESS -> options.maxTunnelsPerAddress(value.count());
            case MAX_VISITORS -> options.maxVisitors(value.count());
            case MAX_VISITORS_PER_TUNNEL -> options.maxVisitorsPerTunnel(value.count());
            case MAX_UDP_VISITORS -> options.maxUdpVisitors(value.count());
            case UDP_VISITORS_PER_SECOND -> options.udpVisitorsPerSecond(value.count());
            case UDP_IDLE_TIMEOUT -> options.udpIdleTimeout(value.duration());
            case HANDSHAKE_TIMEOUT -> options.handshakeTimeout(value.duration());
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Sets what visitors get at the HTTP port. */
    private void redirection(RelayServerOptions.Builder options) {
        boolean both = arguments.get(Flag.HTTPS_PORT) != null && arguments.get(Flag.HTTP_PORT) != null;
        if (arguments.has(Flag.REDIRECT_HTTPS) && !both) {
            throw CommandFailure.usage(
                    Flag.REDIRECT_HTTPS + " needs " + Flag.HTTP_PORT + " and " + Flag.HTTPS_PORT + "; set both");
        }
        options.redirectHttps(arguments.has(Flag.REDIRECT_HTTPS));
        options.answerUnknownNames(!arguments.has(Flag.CLOSE_UNKNOWN_NAMES));
    }

    /** Sets the domain, whose certificate may be that of the control port. */
    private void domain(RelayServerOptions.Builder options) {
        Value domain = arguments.get(Flag.DOMAIN);
        options.domainTls(new TlsArguments(arguments).domain());
        if (domain == null) return;
        if (arguments.get(Flag.HTTPS_PORT) == null && arguments.get(Flag.HTTP_PORT) == null) {
            throw CommandFailure.usage(domain.name() + " needs " + Flag.HTTPS_PORT + " or " + Flag.HTTP_PORT
                    + ", where visitors reach it");
        }
        try {
            options.domain(domain.text());
        } catch (IllegalArgumentException e) {
            throw domain.rejected(e);
        }
        try {
            options.build();
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("there is no certificate for *." + domain.text() + "; set " + Flag.DOMAIN_CERT
                    + " and " + Flag.DOMAIN_KEY + ", or add the name to the certificate of " + Flag.TLS_CERT);
        }
    }

    /** Sets where the server listens for clients. */
    private void control(RelayServerOptions.Builder options) {
        SocketArguments socket = SocketArguments.ofControl(arguments);
        Value bind = arguments.get(Flag.BIND);
        Value port = arguments.address().port();
        if (bind == null || !SocketArguments.isSocket(bind)) {
            socket.requireNone();
            options.port(arguments.port().port(0));
            arguments.apply(Flag.BIND, value -> options.bindAddress(value.address()), options::build);
            return;
        }
        if (port != null) {
            throw CommandFailure.usage(
                    bind.name() + " is a Unix-domain socket, which has no port; remove " + port.name());
        }
        SocketFile.Access access = socket.access();
        options.controlSocket(SocketArguments.path(bind))
                .controlSocketAccess(access.mode(), access.owner(), access.group());
    }

    /** @param possible whether clients can have a lease */
    private @Nullable Path stateFile(RelayServerOptions.Builder options, boolean possible) {
        Value file = arguments.get(Flag.STATE_FILE);
        if (file == null) return null;
        if (!possible) {
            throw CommandFailure.usage(file.name() + " has no effect on a plain port, where clients get no lease; add "
                    + Flag.TLS_CERT + " and " + Flag.TLS_KEY + ", " + Flag.REQUIRE_NAME + " or " + Flag.EXTENDED);
        }
        if (options.build().lease().isZero()) {
            throw CommandFailure.usage(file.name() + " has no effect with " + Flag.LEASE + "=0; set a time");
        }
        return file.path();
    }

    /**
     * The clients that the server knows by name.
     *
     * @param required whether all clients need a name
     * @param possible whether clients can show a name
     */
    private TunnelPolicy policy(boolean required, boolean possible) {
        Value file = arguments.get(Flag.CLIENTS);
        if (file == null) {
            if (!required) return TunnelPolicy.nobody();
            throw CommandFailure.usage(Flag.REQUIRE_NAME + " needs " + Flag.CLIENTS
                    + "=<toml>, the file with the clients that may connect");
        }
        if (!possible) {
            throw CommandFailure.usage(
                    file.name() + " has no effect on a plain port, where clients cannot show a name; add "
                            + Flag.TLS_CERT + " and " + Flag.TLS_KEY + ", or " + Flag.REQUIRE_NAME);
        }
        try {
            return TunnelPolicy.ofFile(file.path());
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use " + file.name() + ": " + e.getMessage(), e);
        }
    }

    /** Returns how long visitors may take to finish when the process is terminated. */
    Duration gracePeriod() {
        return gracePeriod(arguments, GRACE_PERIOD);
    }

    static Duration gracePeriod(Arguments arguments, Duration usual) {
        Value chosen = arguments.get(Flag.GRACE_PERIOD);
        return chosen == null ? usual : chosen.duration();
    }

    /** Returns the options of the session, which are the same on both sides. */
    static SessionOptions session(Arguments arguments) {
        SessionOptions.Builder session = SessionOptions.builder();
        arguments.apply(Flag.WINDOW, value -> session.receiveWindow(value.bytes()), session::build);
        arguments.apply(Flag.MAX_WINDOW, value -> session.maxReceiveWindow(value.bytes()), session::build);
        return session.build();
    }
}
