package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.Ed25519;
import org.relay4j.client.ClientIdentity;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.client.RelayTunnel;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.DatagramDrop;
import org.relay4j.server.DatagramStatistics;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;

/** HTTP/3 through a public UDP port: client and server are quic-go, which reacts to delay and loss as it does in any network. */
@Tag("peers")
@ExtendWith(LeakCheck.EachTest.class)
class Http3IT {
    private static final int CONNECTIONS = 2;
    private static final int REQUESTS = 2; // of each
    private static final int BYTES = 4 << 20; // of each, in both directions
    private static final int DATAGRAM = 1_452; // bytes, the most that quic-go sends

    @Test
    void largeBodiesInBothDirections() throws Exception {
        KeyPair alice = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        int lowest = FixedPort.range(10);
        ClientLimits limits =
                ClientLimits.builder().udpPorts(lowest, lowest + 9).build();
        NamedClient known = NamedClient.ofKey(Ed25519.encode(alice.getPublic()), limits);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions options = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .extended(true)
                .policy(name -> CompletableFuture.completedFuture(Optional.of(known)))
                .build();
        RelayClientOptions client = RelayClientOptions.builder()
                .identity(ClientIdentity.ofKey("alice", Ed25519.encode(alice.getPrivate())))
                .build();
        try (RelayServer server = RelayServer.start(options);
                PeerProcess service = http3("-listen", "127.0.0.1:0", "-bytes", "" + BYTES);
                RelayTunnel tunnel = RelayClient.open("localhost", server.port(), client)) {
            InetSocketAddress local = new InetSocketAddress(loopback, service.number("listening on "));
            RelayForwarder forwarder = tunnel.forward(Endpoint.anyUdpPort(), local);
            request(forwarder.publicAddress().getPort());
            checkCounts(server.datagrams());
        }
    }

    private static void request(int port) throws Exception {
        try (PeerProcess visitor = http3(
                "-connections",
                "" + CONNECTIONS,
                "-requests",
                "" + REQUESTS,
                "-bytes",
                "" + BYTES,
                "127.0.0.1:" + port)) {
            assertEquals(0, visitor.awaitExit(), visitor::toString);
            int all = CONNECTIONS * REQUESTS;
            visitor.await("ok " + all + " requests, " + all * BYTES + " bytes each way");
        }
    }

    private static void checkCounts(DatagramStatistics counts) {
        long least = CONNECTIONS * REQUESTS * BYTES / DATAGRAM;
        assertEquals(CONNECTIONS, counts.visitors(), counts::toString);
        assertTrue(counts.in() > least && counts.out() > least, counts::toString);
        for (DatagramDrop reason : DatagramDrop.values()) {
            boolean congestion = reason == DatagramDrop.WINDOW || reason == DatagramDrop.SOCKET;
            if (!congestion) assertEquals(0, counts.dropped().get(reason), counts::toString);
        }
    }

    private static PeerProcess http3(String... arguments) throws Exception {
        return PeerProcess.start("http3", List.of(PeerPrograms.http3().toString()), List.of(), arguments);
    }
}
