package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.server.ClusterOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/** Nodes accept each other with the certificates of {@code relay keygen --node}, and new ones while they run. */
@Timeout(60)
@Tag("slow")
class NodeLinksTest {
    @TempDir
    private Path folder;

    private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);
    private final MemoryRegistryStore data = new MemoryRegistryStore(System::nanoTime, threads);
    private final List<RelayServer> servers = new ArrayList<>();
    private final int control = FixedPort.range(4);
    private final int peer = control + 1;
    private final int lowest = control + 2;

    NodeLinksTest() throws IOException {}

    @AfterEach
    void close() {
        for (RelayServer each : servers) each.close();
        threads.shutdownNow();
    }

    @Test
    void nodesLinkWithTheFilesAndReadNewOnes() throws Exception {
        Path used = keygen("first", "n1,n2");
        node(used, 1);
        node(used, 2);
        try (RelayAcceptor service = RelayClient.connect("127.0.1.1", control)) {
            visit(service, 2); // over a link from n2 to n1
        }

        // The files of another authority, which accepts no certificate of the first one.
        try (Stream<Path> files = Files.list(keygen("second", "n1,n2,n3"))) {
            for (Path file : files.toList())
                Files.move(file, used.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
        node(used, 3);
        try (RelayAcceptor service = RelayClient.connect("127.0.1.1", control)) {
            visit(service, 3); // n1 accepts a link with its new certificate
        }
        try (RelayAcceptor service = RelayClient.connect("127.0.1.3", control)) {
            visit(service, 2); // n2 makes one
        }
    }

    private static void visit(RelayAcceptor service, int node) throws IOException {
        service.setSoTimeout((int) Await.DEADLINE.toMillis());
        Await.until("a visitor of n" + node + " is served", () -> {
            try (Socket visitor = new Socket("127.0.1." + node, service.getLocalPort());
                    Socket accepted = service.accept()) {
                accepted.getOutputStream().write(node);
                return visitor.getInputStream().read() == node;
            } catch (ConnectException e) {
                return false; // it does not know the port yet
            }
        });
    }

    private Path keygen(String name, String nodes) {
        Path out = folder.resolve(name);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        ExitCode code =
                new Cli(Map.of(), print, print, new Shutdown()).run("keygen", "--node=" + nodes, "--out=" + out);
        assertEquals(ExitCode.OK, code, () -> bytes.toString(StandardCharsets.UTF_8));
        return out;
    }

    private void node(Path files, int number) throws IOException {
        InetAddress address = InetAddress.getByName("127.0.1." + number);
        String name = "n" + number;
        ClusterOptions cluster = ClusterOptions.builder()
                .store(data.share(threads))
                .node(name)
                .peerAddress(new InetSocketAddress(address, peer))
                .peerCertificate(files.resolve(name + ".pem"), files.resolve(name + ".key"), files.resolve("ca.pem"))
                .build();
        servers.add(RelayServer.start(RelayServerOptions.builder()
                .bindAddress(address)
                .publicBindAddress(address)
                .port(control)
                .publicPorts(lowest, lowest + 1)
                .loops(1)
                .cluster(cluster)
                .build()));
    }
}
