package org.relay4j.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
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
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.client.RelayTunnel;
import org.relay4j.yamux.io.UnixSockets;

/** The command {@code relay --localForwardPort=<port> <host>:<port>}. */
final class ForwarderCommand {
    /** Shorter than the time for which a server holds the tunnel of a forwarder that has a lease file. */
    private static final Duration GRACE_PERIOD = Duration.ofSeconds(10);

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
        Destination destination = Destination.of(arguments);
        String server = destination.text();
        List<Forward> services = services();
        ForwardedServices forwarded = new ForwardedServices(services, output);
        Announcer announcer = new Announcer(
                output, server, services.isEmpty() ? Announcer.of(output, local()) : Announcer.of(forwarded));
        RelayClientOptions options = options(announcer);
        grace = gracePeriod();
        shutdown.closes(output::closed); // closed last
        AdminServer admin = new AdminArguments(arguments).open(shutdown); // closed after the forwarder
        shutdown.closes(() -> output.progress().end());
        shutdown.closes(Reload.prepare(arguments, shutdown).begin(new Reloading(announcer, forwarded)));
        output.progress().begin("connecting to " + server);
        Running running;
        try {
            running = services.isEmpty()
                    ? forward(destination, options, admin)
                    : forward(destination, options, admin, forwarded);
        } catch (IOException e) {
            output.progress().end();
            throw failure(server, e);
        }
        running.tunnel.awaitEnd();
        announcer.throwFailure();
        if (shutdown.isClosing()) return;
        announcer.awaitEnd();
        throw end(server, running.endCause.get());
    }

    /** A tunnel that is up, and what has ended it for good. */
    private record Running(Tunnel tunnel, Supplier<@Nullable Throwable> endCause) {}

    private Running forward(Destination server, RelayClientOptions options, @Nullable AdminServer admin)
            throws IOException {
        InetSocketAddress local = local();
        RelayForwarder forwarder = server.forward(local, options);
        shutdown.closes(() -> grace, forwarder::close);
        if (admin != null) admin.serve(forwarder, name(), local);
        return new Running(forwarder, forwarder::endCause);
    }

    private Running forward(
            Destination server, RelayClientOptions options, @Nullable AdminServer admin, ForwardedServices services)
            throws IOException {
        RelayTunnel tunnel = server.open(options);
        shutdown.closes(() -> grace, tunnel::close);
        boolean opened = false;
        try {
            services.open(tunnel);
            opened = true;
        } finally {
            if (!opened) tunnel.close();
        }
        if (admin != null) admin.serve(tunnel, name(), services::shown);
        return new Running(tunnel, tunnel::endCause);
    }

    private @Nullable String name() {
        Value name = arguments.get(Flag.NAME);
        return name == null ? null : name.text();
    }

    /** The running forwarder, of which the services and the grace period can change. */
    private final class Reloading implements Reload.Target {
        private final TunnelListener listener;
        private final ForwardedServices forwarded;

        Reloading(TunnelListener listener, ForwardedServices forwarded) {
            this.listener = listener;
            this.forwarded = forwarded;
        }

        @Override
        public void validate(Arguments fresh) {
            Destination.of(fresh);
            ForwarderCommand command = new ForwarderCommand(fresh, output, shutdown);
            boolean several = !command.services().isEmpty();
            if (!several) command.local();
            if (several != (arguments.get(Flag.FORWARD) != null)) {
                throw CommandFailure.usage(Flag.LOCAL_FORWARD_PORT + " and " + Flag.FORWARD
                        + " cannot replace each other while the forwarder runs; start it again");
            }
            command.options(listener);
            command.gracePeriod();
        }

        @Override
        public void apply(Arguments next, Set<Flag> changed) {
            ForwarderCommand command = new ForwarderCommand(next, output, shutdown);
            grace = command.gracePeriod();
            List<Forward> services = command.services();
            if (!services.isEmpty()) forwarded.change(services);
        }
    }

    /** Returns the services of --forward; empty if there is one service, of --localForwardPort. */
    List<Forward> services() {
        Value forward = arguments.get(Flag.FORWARD);
        if (forward == null) return List.of();
        exclude(forward, Flag.LOCAL_FORWARD_PORT, "forward that service too");
        exclude(forward, Flag.LOCAL_HOST, "write <host>:<port> as the service");
        exclude(forward, Flag.PUBLIC_PORT, "add port=<port> to the service");
        return Forward.all(forward);
    }

    private void exclude(Value forward, Flag flag, String instead) {
        Value other = arguments.get(flag);
        if (other == null) return;
        throw CommandFailure.usage(
                forward.name() + " and " + other.name() + " are both set; " + instead + ", and remove " + other.name());
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
        arguments.apply((flag, value) -> set(options, flag, value), options::build);
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

    /** Sets an option that does not depend on others; returns false for others. */
    private static boolean set(RelayClientOptions.Builder options, Flag flag, Value value) {
        switch (flag) {
            case CONNECT_TIMEOUT -> options.connectTimeout(value.duration());
            case HANDSHAKE_TIMEOUT -> options.handshakeTimeout(value.duration());
            case PUBLIC_PORT -> options.publicPort(value.port(1));
            case CONNECTIONS -> options.connections(value.count());
            case NODES -> options.nodes(ServerAddress.list(value));
            default -> {
                return false;
            }
        }
        return true;
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
        if (e instanceof ForwardedServices.Failure failed) {
            CommandFailure reason = failure(server, failed.reason());
            String line = String.valueOf(reason.getMessage())
                    .replace(Flag.PUBLIC_PORT.toString(), "public port or host name")
                    .replace(Flag.LOCAL_HOST.toString(), "its name");
            return new CommandFailure(reason.code(), "service " + failed.service() + ": " + line, e);
        }
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
            boolean local = server.startsWith(UnixSockets.PREFIX); // then the message has the remedy
            String remedy = unknown
                    ? "; check the name"
                    : local
                            ? ", or keep trying with " + Flag.RETRY_FIRST
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
}
