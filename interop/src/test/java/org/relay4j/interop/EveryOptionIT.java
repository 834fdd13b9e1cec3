package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.testing.Await;
import org.relay4j.testing.SelfSignedKeys;

/**
 * A base client, on hashicorp/yamux, notices none of the options: our relay server has all of them that a port for base clients can have,
 * and openssl carries the client's connection over TLS.
 */
@Tag("peers")
class EveryOptionIT extends Scenarios {
    @TempDir
    private static Path folder;

    private static Path certificate;
    private static Path key;

    private RelayServer server;
    private int publicPort;

    @BeforeAll
    static void makeCertificate() throws Exception {
        SelfSignedKeys keys = SelfSignedKeys.make(folder.resolve("keys.p12"), "relay", "localhost");
        certificate = keys.writeCertificate(folder.resolve("cert.pem"));
        key = keys.writeKey(folder.resolve("key.pem"));
    }

    @Override
    Socket connect() throws Exception {
        if (server == null) start();
        return Visitor.connect(publicPort);
    }

    private void start() throws Exception {
        server = keep(RelayServer.start(options().build()));
        publicPort = client().number("public port ");
    }

    private PeerProcess client() throws Exception {
        OpensslTunnel tls = keep(new OpensslTunnel(server.port()));
        return keep(PeerProcess.go("relayclient", Windows.DEFAULT.flags(), "127.0.0.1:" + tls.port()));
    }

    private static RelayServerOptions.Builder options() throws Exception {
        ServerTls tls = ServerTls.ofFiles(certificate, key);
        return RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .publicPorts(20_000, 29_999)
                .tls(tls.clientCa(certificate))
                .extended(true)
                .policy(name -> CompletableFuture.completedFuture(Optional.empty()))
                .lease(Duration.ofSeconds(10))
                .allowClients(List.of("127.0.0.0/8", "::1/128"))
                .denyClients(List.of("192.0.2.0/24"))
                .allowVisitors(List.of("127.0.0.0/8", "::1/128"))
                .denyVisitors(List.of("192.0.2.0/24"))
                .idleTimeout(Duration.ofMinutes(5))
                .stickyPorts(true)
                .stateFile(folder.resolve("state"))
                .trustedProxies(List.of("192.0.2.7"))
                .maxTunnels(50)
                .maxTunnelsPerAddress(20)
                .maxVisitors(5_000)
                .maxVisitorsPerTunnel(2_000)
                .maxUdpVisitors(500)
                .udpVisitorsPerSecond(200)
                .udpIdleTimeout(Duration.ofSeconds(30))
                .session(Windows.DEFAULT.options().build());
    }

    @Test
    void tunnelEndsWithItsConnection() throws Exception {
        server = keep(RelayServer.start(options().build()));
        PeerProcess client = client();
        publicPort = client.number("public port ");
        Visitor visitor = servedVisitor();
        client.close();
        visitor.expectReset(new Xorshift(1));
        Await.until("no tunnel is left", () -> server.tunnelCount() == 0 && server.visitorCount() == 0);
        awaitClosed(publicPort); // without a lease nothing is held
        assertEquals(0, server.tunnelCount());
    }
}
