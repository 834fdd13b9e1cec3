package org.relay4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayProxyException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelLostException;
import org.relay4j.cli.admin.AdminServer;
import org.relay4j.client.ProxyProtocol;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.yamux.io.Sockets;

/** The command {@code relay --localForwardPort=<port> <host>:<port>}. */
final class ForwarderCommand {
    /** Shorter than the time for which a server holds the tunnel of a forwarder that has a lease file. */
    private static final Duration GRACE_PERIOD = Duration.ofSeconds(10);

    private static final long LAST_EVENT = 2; // s; how long the listener may take to report the end

    private final Arguments arguments;
    private final Output output;
    private final Shutdown shutdown;
    private volatile Duration grace = GRACE_PERIOD;

    ForwarderCommand(Arguments arguments, Output output, Shutdown shutdown) {
        this.arguments = arguments;
        this.output = output;
        this.shutdown = shutdown;
    }

    /** Runs until the tunnel is lost for good or the process is terminated. */
    void run() throws InterruptedException {
        String host = arguments.host().host();
        int port = arguments.port().port(1);
        String server = Sockets.text(host, port);
        InetSocketAddress local = local();
        Announcer announcer = new Announcer(server, local);
        RelayClientOptions options = options(announcer);
        grace = gracePeriod();
        shutdown.closes(output::closed); // closed last
        AdminServer admin = new AdminArguments(arguments).open(shutdown); // closed after the forwarder
        shutdown.closes(() -> output.progress().end());
        shutdown.closes(Reload.prepare(arguments, shutdown).begin(new Reloading(announcer)));
        RelayForwarder forwarder;
        output.progress().begin("connecting to " + server);
        try {
            forwarder = RelayClient.forward(host, port, local, options);
        } catch (IOException e) {
            output.progress().end();
            throw failure(server, e);
        }
        shutdown.closes(() -> grace, forwarder::close);
        Value name = arguments.get(Flag.NAME);
        if (admin != null) admin.serve(forwarder, name == null ? null : name.text(), local);
        forwarder.awaitEnd();
        announcer.throwFailure();
        if (shutdown.isClosing()) return;
        announcer.awaitEnd();
        throw end(server, forwarder.endCause());
    }

    /** The running forwarder, of which only the grace period can change. */
    private final class Reloading implements Reload.Target {
        private final TunnelListener listener;

        Reloading(TunnelListener listener) {
            this.listener = listener;
        }

        @Override
        public void validate(Arguments fresh) {
            fresh.host().host();
            fresh.port().port(1);
            ForwarderCommand command = new ForwarderCommand(fresh, output, shutdown);
            command.local();
            command.options(listener);
            command.gracePeriod();
        }

        @Override
        public void apply(Arguments next, Set<Flag> changed) {
            grace = new ForwarderCommand(next, output, shutdown).gracePeriod();
        }
    }

    /** Returns the local service; unresolved if its name must be resolved for each tunnel. */
    InetSocketAddress local() {
        Value port = arguments.get(Flag.LOCAL_FORWARD_PORT);
        if (port == null) throw new IllegalStateException("a forwarder without " + Flag.LOCAL_FORWARD_PORT);
        Value host = arguments.get(Flag.LOCAL_HOST);
        if (host == null) return new InetSocketAddress("localhost", port.port(1));
        InetSocketAddress local = new InetSocketAddress(host.host(), port.port(1));
        // With --retry-first the name may become known later, for example when a container starts.
        if (local.isUnresolved() && !arguments.has(Flag.RETRY_FIRST)) {
            throw host.mustBe("a host name that this machine can resolve, or an address");
        }
        // A name is resolved again for each new tunnel, an address never.
        boolean named =
                local.isUnresolved() || !local.getAddress().getHostAddress().equals(local.getHostString());
        return named ? InetSocketAddress.createUnresolved(host.host(), port.port(1)) : local;
    }

    /** Returns the arguments as options of the library. */
    RelayClientOptions options(TunnelListener listener) {
        RelayClientOptions.Builder options = RelayClientOptions.builder();
        arguments.apply(Flag.CONNECT_TIMEOUT, value -> options.connectTimeout(value.duration()), options::build);
        arguments.apply(Flag.HANDSHAKE_TIMEOUT, value -> options.handshakeTimeout(value.duration()), options::build);
        arguments.apply(Flag.PUBLIC_PORT, value -> options.publicPort(value.port(1)), options::build);
        arguments.apply(Flag.CONNECTIONS, value -> options.connections(value.count()), options::build);
        Value proxyProtocol = arguments.get(Flag.PROXY_PROTOCOL);
        if (proxyProtocol != null) options.proxyProtocol(version(proxyProtocol));
        Value leaseFile = arguments.get(Flag.LEASE_FILE);
        if (leaseFile != null) options.leaseFile(leaseFile.path());
        new ProxyArguments(arguments).addTo(options);
        return options.tls(new TlsArguments(arguments).client())
                .identity(new IdentityArguments(arguments).identity())
                .retryFirst(arguments.has(Flag.RETRY_FIRST))
                .reconnect(!arguments.has(Flag.NO_RECONNECT))
                .session(ServerCommand.session(arguments))
                .listener(listener)
                .build();
    }

    /** Returns how long visitors may take to finish when the process is terminated. */
    Duration gracePeriod() {
        return ServerCommand.gracePeriod(arguments, GRACE_PERIOD);
    }

    private static ProxyProtocol version(Value value) {
        return switch (value.text()) {
            case "v1" -> ProxyProtocol.V1;
            case "v2" -> ProxyProtocol.V2;
            default -> throw value.mustBe("v1 or v2");
        };
    }

    /** Returns the failure of the first attempt. */
    static CommandFailure failure(String server, IOException e) {
        if (e instanceof RelayRefusedException refused) return refusal(server, refused);
        if (e instanceof RelayOptionException unusable) {
            boolean plain = unusable.option().equals("tls");
            String remedy = "; for the command line, one of " + Flag.TLS + ", " + Flag.TLS_CA + " and " + Flag.TLS_PIN;
            return new CommandFailure(ExitCode.USAGE, e.getMessage() + (plain ? remedy : ""), e);
        }
        if (e instanceof RelayCertificateException) {
            return new CommandFailure(ExitCode.NOT_ACCEPTED, String.valueOf(e.getMessage()), e);
        }
        if (e instanceof RelayProxyException proxy) {
            String remedy = proxy.isAboutCredentials()
                    ? "; see " + Flag.PROXY_CREDENTIALS_FILE + " and " + ProxyArguments.CREDENTIALS_VARIABLE
                    : "";
            ExitCode code = proxy.isAboutCredentials() ? ExitCode.NOT_ACCEPTED : ExitCode.UNREACHABLE;
            return new CommandFailure(code, e.getMessage() + remedy, e);
        }
        if (e instanceof RelayProtocolException) {
            String line = e.getMessage() + "; check that " + server + " is the control port of a relay server";
            return new CommandFailure(ExitCode.UNREACHABLE, line, e);
        }
        if (e instanceof RelayUnreachableException) {
            boolean unknown = e.getCause() instanceof UnknownHostException;
            String remedy = unknown
                    ? "; check the name"
                    : "; check the address and that the relay server is running, or keep trying with "
                            + Flag.RETRY_FIRST;
            return new CommandFailure(ExitCode.UNREACHABLE, e.getMessage() + remedy, e);
        }
        if (e instanceof UnknownHostException) {
            return new CommandFailure(ExitCode.FAILURE, e.getMessage() + "; check " + Flag.LOCAL_HOST, e);
        }
        return new CommandFailure(ExitCode.FAILURE, "cannot open a tunnel to " + server + ": " + e, e);
    }

    private static CommandFailure refusal(String server, RelayRefusedException refused) {
        String detail = refused.detail().isEmpty() ? "" : ", " + refused.detail();
        String line = "relay server " + server + " refused: " + refused.code() + detail;
        return switch (refused.code()) {
            case "auth-required" ->
                new CommandFailure(
                        ExitCode.NOT_ACCEPTED, line + "; set " + Flag.NAME + " and " + Flag.KEY_FILE, refused);
            case "auth-failed", "tls-mismatch" ->
                new CommandFailure(
                        ExitCode.NOT_ACCEPTED, line + "; check " + Flag.NAME + " and the client's key", refused);
            case "port-unavailable" ->
                new CommandFailure(
                        ExitCode.PORT_UNAVAILABLE,
                        line + "; choose another " + Flag.PUBLIC_PORT + " or ask its operator",
                        refused);
            case "no-port-free", "limit-reached" ->
                new CommandFailure(ExitCode.PORT_UNAVAILABLE, line + "; try again later or ask its operator", refused);
            default -> new CommandFailure(ExitCode.FAILURE, line, refused);
        };
    }

    /** Returns the failure of a forwarder that was up and was not closed by the user. */
    static CommandFailure end(String server, @Nullable Throwable cause) {
        if (cause instanceof TunnelLostException) {
            String line = server + ": " + cause.getMessage() + "; without " + Flag.NO_RECONNECT + ", relay reconnects";
            return new CommandFailure(ExitCode.TUNNEL_LOST, line, cause);
        }
        String line = "the forwarder to " + server + " failed: " + (cause == null ? "see the log" : cause.toString());
        return new CommandFailure(ExitCode.FAILURE, line, cause);
    }

    /** Writes the tunnel's events to standard output. */
    private final class Announcer implements TunnelListener {
        private final String server;
        private final InetSocketAddress local;
        private final CountDownLatch ended = new CountDownLatch(1);
        private boolean wasUp; // one call at a time
        private volatile @Nullable CommandFailure failure; // standard output cannot be written

        Announcer(String server, InetSocketAddress local) {
            this.server = server;
            this.local = local;
        }

        @Override
        public void up(Tunnel tunnel) {
            boolean reconnected = wasUp;
            wasUp = true;
            write(tunnel, () -> output.relaying(tunnel.publicAddress(), local, tunnel.id(), reconnected));
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            if (cause != null) write(tunnel, () -> lost(tunnel, cause, willRetry));
            if (willRetry) output.progress().begin("reconnecting to " + server);
            else {
                output.progress().end();
                ended.countDown();
            }
        }

        private void lost(Tunnel tunnel, Throwable cause, boolean willRetry) {
            output.lost(tunnel.publicAddress().getPort(), tunnel.id(), String.valueOf(cause.getMessage()), willRetry);
        }

        /** Nobody could know the public port without this line, so a failure ends the tunnel. */
        private void write(Tunnel tunnel, Runnable line) {
            try {
                line.run();
            } catch (CommandFailure e) {
                failure = e;
                close(tunnel);
            }
        }

        private static void close(Tunnel tunnel) {
            try {
                tunnel.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void throwFailure() {
            CommandFailure thrown = failure;
            if (thrown != null) throw thrown;
        }

        /** Waits until the end was reported, which happens on another thread. */
        void awaitEnd() throws InterruptedException {
            if (ended.await(LAST_EVENT, TimeUnit.SECONDS)) throwFailure();
        }
    }
}
