package org.relay4j.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.TunnelListener;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.ClusterOptions;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.yamux.io.SocketFile;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/** The command {@code relay check}: tries everything that the server or forwarder needs, without starting it. */
final class CheckCommand {
    // More than 300 lines because each thing that is tried, and the remedy that is named, is here in the order of the
    // output.

    private static final int MOST_PORTS = 1_000; // of the public range that are tried
    private static final String LOCAL_SERVICE = "local service";
    private static final int LOCAL_TIMEOUT = 3_000; // ms, to the local service

    private final Arguments arguments;
    private final Output output;
    private final Findings findings;

    CheckCommand(Arguments arguments, Output output) {
        this.arguments = arguments;
        this.output = output;
        findings = new Findings(output);
    }

    /** @throws CommandFailure if there was a problem */
    void run() {
        if (arguments.mode() == Mode.SERVER) server();
        else forwarder();
        findings.end();
    }

    /** A step that may find a problem. */
    private interface Step {
        void run() throws IOException;
    }

    /** Returns whether the step has found no problem. */
    private boolean step(String subject, Step step) {
        try {
            step.run();
            return true;
        } catch (CommandFailure e) {
            findings.problem(subject, e);
        } catch (IOException e) {
            findings.problem(subject, new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e));
        }
        return false;
    }

    // ---- server

    private void server() {
        ServerCommand command = new ServerCommand(arguments, output, new Shutdown());
        step("options", () -> {
            RelayServerOptions options = command.options(null);
            command.gracePeriod();
            findings.ok("options", "valid" + (arguments.get(Flag.CLIENTS) != null ? ", with the clients file" : ""));
            new CertificateCheck(arguments, findings).own();
            String domain = options.domain();
            if (domain != null) new CertificateCheck(arguments, findings).domain(domain);
            writable(Flag.STATE_FILE);
            step("control port", () -> controlPort(command, options));
            publicPorts(options);
            namePort("HTTPS port", options.publicBindAddress(), options.httpsPort());
            namePort("HTTP port", options.publicBindAddress(), options.httpPort());
            cluster(options.cluster());
            boolean local = options.controlSocket() != null
                    || options.controlAddress().getAddress().isLoopbackAddress();
            if (options.tls() == null && !options.requireName() && !local) {
                findings.warning(
                        "control port",
                        "anyone who can reach it can open a tunnel, and networks on the way can read and change the traffic; set "
                                + Flag.TLS_CERT + " and " + Flag.TLS_KEY + ", as relay keygen makes them");
            }
        });
        admin();
    }

    private void cluster(@Nullable ClusterOptions cluster) {
        if (cluster == null) return;
        InetSocketAddress peer = cluster.peerAddress();
        Value value = arguments.get(Flag.PEER);
        if (value != null && !BindFailure.isLocal(peer.getAddress()))
            findings.problem("peer port", value.mustBe("an address of this machine, and a port"));
        else namePort("peer port", peer.getAddress(), peer.getPort());
        RegistryStore store = cluster.store();
        try {
            if (!step("peer certificate", () -> new CertificateCheck(arguments, findings).node())) return;
            cluster.check();
            findings.ok(
                    "cluster",
                    "its store can be used, and the certificate is that of node " + cluster.node() + " of "
                            + cluster.name());
        } catch (IOException e) {
            findings.problem("cluster", new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e));
        } finally {
            store.close();
        }
    }

    private void controlPort(ServerCommand command, RelayServerOptions options) throws IOException {
        Path socket = options.controlSocket();
        if (socket != null) {
            socket(socket);
            return;
        }
        InetSocketAddress address = options.controlAddress();
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true); // as the server does
            probe.bind(address);
            findings.ok(
                    "control port", Output.literal(address.getAddress()) + ", port " + address.getPort() + " is free");
        } catch (BindException e) {
            command.requireLocal(Flag.BIND);
            throw new BindFailure(System.getProperty("os.name")).of(address, e);
        }
    }

    private void socket(Path path) {
        try {
            SocketFile.bind(path, 1, SocketArguments.ofControl(arguments).access())
                    .close();
            findings.ok("control port", UnixSockets.PREFIX + path + " can be created");
        } catch (BindException e) {
            throw new CommandFailure(ExitCode.PORT_UNAVAILABLE, String.valueOf(e.getMessage()), e);
        }
    }

    private void publicPorts(RelayServerOptions options) {
        InetAddress address = options.publicBindAddress();
        if (!BindFailure.isLocal(address)) {
            Value bind = arguments.get(Flag.PUBLIC_BIND);
            if (bind != null) findings.problem("public ports", bind.mustBe("an address of this machine"));
            return;
        }
        int lowest = options.lowestPublicPort();
        if (lowest == 0) {
            findings.ok("public ports", "any free port");
            return;
        }
        int highest = Math.min(options.highestPublicPort(), lowest + MOST_PORTS - 1);
        int free = 0;
        for (int port = lowest; port <= highest; port++) if (isFree(address, port)) free++;
        int tried = highest - lowest + 1;
        String text = free + " of the ports " + lowest + "-" + highest + " are free";
        if (free == tried) findings.ok("public ports", text);
        else if (free > 0) findings.warning("public ports", text + "; the others are in use, and are not assigned");
        else {
            String line =
                    "none of the ports " + lowest + "-" + highest + " is free; choose others with " + Flag.PUBLIC_PORTS;
            findings.problem("public ports", new CommandFailure(ExitCode.PORT_UNAVAILABLE, line, null));
        }
    }

    private void namePort(String subject, @Nullable InetAddress address, @Nullable Integer port) {
        if (port == null || !BindFailure.isLocal(address)) return; // publicPorts has reported the address
        if (isFree(address, port)) findings.ok(subject, "port " + port + " is free");
        else {
            BindFailure failure = new BindFailure(System.getProperty("os.name"));
            findings.problem(subject, failure.of(new InetSocketAddress(address, port), new BindException("in use")));
        }
    }

    private static boolean isFree(@Nullable InetAddress address, int port) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(address, port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    // ---- server and forwarder

    private void admin() {
        if (arguments.get(Flag.ADMIN) == null && arguments.get(Flag.ADMIN_TOKEN_FILE) == null) return;
        step("admin address", () -> {
            Shutdown closing = new Shutdown();
            new AdminArguments(arguments).open(closing);
            closing.closeAll();
            findings.ok("admin address", "free, and the token can be used if there is one");
        });
    }

    /** Checks that a file can be written, or that its folder exists and can be written. */
    private void writable(Flag flag) {
        Value value = arguments.get(flag);
        if (value == null) return;
        Path file = value.path().toAbsolutePath();
        Path folder = file.getParent();
        String subject = flag.keys().get(0);
        if (folder == null || !Files.isDirectory(folder)) {
            findings.problem(subject, CommandFailure.usage("there is no folder " + folder + "; create it"));
        } else if (!Files.isWritable(folder)
                || (Files.exists(file) && !Files.isWritable(file))
                || Files.isDirectory(file)) {
            findings.problem(
                    subject, CommandFailure.usage(file + " cannot be written; check its permissions and folder"));
        } else findings.ok(subject, file + " can be written");
    }

    // ---- forwarder

    private void forwarder() {
        ForwarderCommand command = new ForwarderCommand(arguments, output, new Shutdown());
        step("options", () -> {
            RelayClientOptions options = command.options(new TunnelListener() {});
            command.gracePeriod();
            Destination server = Destination.of(arguments);
            findings.ok("options", "valid");
            new CertificateCheck(arguments, findings).own();
            writable(Flag.LEASE_FILE);
            List<Forward> services = command.services();
            if (services.isEmpty()) step(LOCAL_SERVICE, () -> local(LOCAL_SERVICE, command.local()));
            else for (Forward service : services) local(service);
            boolean named = server.socket() == null && options.proxySelector() == null; // a proxy resolves the name
            if (!named || step("name", () -> resolve(server.host()))) step("server", () -> way(server, options));
        });
        admin();
    }

    /** The service may start later, so that it does not answer is no problem. */
    private void local(Forward service) {
        String subject = "service " + service.name();
        if (service.endpoint().kind() == Endpoint.Kind.UDP) {
            findings.ok(
                    subject,
                    service.localText() + " is a UDP service, of which only an answer could show that it works");
        } else if (service.local() instanceof UnixDomainSocketAddress unix) local(subject, unix);
        else local(subject, (InetSocketAddress) service.local());
    }

    private void local(String subject, UnixDomainSocketAddress local) {
        String name = UnixSockets.text(local);
        try {
            SocketChannel.open(local).close();
            findings.ok(subject, name + " accepts connections");
        } catch (IOException e) {
            String reason = UnixSockets.reason(local, e);
            unreachable(subject, name, reason == null ? e.getMessage() : reason);
        }
    }

    private void local(String subject, InetSocketAddress local) {
        String name = Sockets.text(local.getHostString(), local.getPort());
        try (Socket probe = new Socket()) {
            probe.connect(new InetSocketAddress(local.getHostString(), local.getPort()), LOCAL_TIMEOUT);
            findings.ok(subject, name + " accepts connections");
        } catch (IOException e) {
            unreachable(subject, name, e.getMessage());
        }
    }

    private void unreachable(String subject, String name, @Nullable String why) {
        findings.warning(
                subject, name + " does not accept connections (" + why + "); visitors are reset until it does");
    }

    private void resolve(String host) {
        try {
            findings.ok(
                    "name",
                    host + " is "
                            + Arrays.stream(InetAddress.getAllByName(host))
                                    .map(Output::literal)
                                    .collect(Collectors.joining(", ")));
        } catch (UnknownHostException e) {
            throw new CommandFailure(ExitCode.UNREACHABLE, "unknown host " + host + "; check the name", e);
        }
    }

    private void way(Destination destination, RelayClientOptions options) {
        String server = destination.text();
        String line;
        try {
            line = destination.greeting(options);
        } catch (IOException e) {
            throw ForwarderCommand.failure(server, e);
        }
        Value proxy = arguments.get(Flag.PROXY);
        boolean extended = line.startsWith("HELLO");
        boolean proof = extended && Arrays.asList(line.split(" ")).contains("auth");
        String security = options.tls() == null ? "without encryption" : "with TLS, and its certificate is accepted";
        if (proof && options.identity() == null && arguments.get(Flag.TLS_CERT) == null) {
            throw new CommandFailure(
                    ExitCode.NOT_ACCEPTED,
                    server + " admits only clients with a name; set " + Flag.NAME + " and " + Flag.KEY_FILE,
                    null);
        }
        findings.ok(
                "server",
                server + " answers " + (proxy == null ? "" : "through " + proxy.text() + ", ") + security + "; "
                        + (extended ? "extended protocol" : "base protocol")
                        + (proof ? ", names are required; whether it accepts this one shows only a start" : ""));
    }
}
