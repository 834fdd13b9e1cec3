package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.relay4j.client.ClientTls;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;

/** A server and a forwarder in their own processes, with a tunnel that carries a steady visitor, and room for floods. */
final class FloodedTunnel implements AutoCloseable {
    /** A thousand handshakes take that long on a machine that is busy with other tests. */
    private static final Duration HANDSHAKE = Duration.ofSeconds(30);

    private static final int FILES = 12_000; // each flood has two ends in this process, if it reaches the service

    final ChildProcess server;
    final ChildProcess forwarder;
    final SteadyVisitor steady;
    final int controlPort;
    final int publicPort;
    private final EchoLoop echo;
    private final String pin;

    /**
     * @param folder has the certificate that {@code relay keygen} has made
     * @param pin its fingerprint; null for a tunnel without TLS
     */
    FloodedTunnel(Path folder, String pin) throws Exception {
        this.pin = pin;
        requireFiles();
        echo = new EchoLoop();
        List<String> arguments = new ArrayList<>(List.of(
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "--handshake-timeout=" + HANDSHAKE.toSeconds() + "s",
                "0"));
        if (pin != null) {
            arguments.add("--tls-cert=" + folder.resolve("relay-cert.pem"));
            arguments.add("--tls-key=" + folder.resolve("relay-key.pem"));
        }
        server = ChildProcess.relay(arguments.toArray(String[]::new));
        controlPort = RelayPair.controlPort(server.line());
        List<String> client = new ArrayList<>(List.of("--localForwardPort=" + echo.port(), "127.0.0.1:" + controlPort));
        if (pin != null) client.add("--tls-pin=" + pin);
        forwarder = ChildProcess.relay(client.toArray(String[]::new));
        publicPort = RelayPair.publicPort(forwarder.line());
        steady = new SteadyVisitor(publicPort);
        steady.awaitBytes(1 << 20);
    }

    private static void requireFiles() {
        long most =
                ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getMaxFileDescriptorCount();
        assertTrue(
                most >= FILES,
                () -> "floods need " + FILES + " open files, and a process may have " + most + ": raise ulimit -n");
    }

    /** A new visitor of the tunnel is served. */
    void serveNewVisitor() throws Exception {
        Echo.through(publicPort, 10_000);
    }

    /** A new client gets a tunnel, and its visitor is served. */
    void serveNewClient() throws Exception {
        RelayClientOptions.Builder options = RelayClientOptions.builder().handshakeTimeout(HANDSHAKE);
        if (pin != null) options.tls(ClientTls.pinned(pin));
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), echo.port());
        try (RelayForwarder newcomer = RelayClient.forward("127.0.0.1", controlPort, local, options.build())) {
            Echo.through(newcomer.publicAddress().getPort(), 10_000);
        }
    }

    @Override
    public void close() throws IOException {
        try (echo;
                server;
                forwarder) {
            steady.close();
        }
    }
}
