package org.relay4j.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayForwarder;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;

/**
 * A measurement of the memory per tunnel and per idle visitor: live objects and direct memory after a garbage
 * collection, in one process that is relay server, relay client and local service. It prints one line for each. The
 * value for visitors is the median of five rounds, less the memory of the same connections without a relay.
 */
public final class Footprint {
    private static final int TUNNELS = 1_000;
    private static final int VISITORS = 4_000; // four sockets each
    private static final int ROUNDS = 5;
    private static final int COLLECTIONS = 4;

    private Footprint() {}

    public static void main(String[] words) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions options = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .maxTunnelsPerAddress(2 * TUNNELS)
                .maxTunnels(2 * TUNNELS)
                .build();
        try (RelayServer server = RelayServer.start(options)) {
            tunnels(server);
            visitors(server, loopback);
        }
    }

    private static void tunnels(RelayServer server) throws IOException {
        RelayClient.connect("localhost", server.port()).close(); // loads classes
        long before = used();
        List<RelayAcceptor> acceptors = new ArrayList<>();
        for (int n = 0; n < TUNNELS; n++) acceptors.add(RelayClient.connect("localhost", server.port()));
        print("tunnel, both ends", used() - before, TUNNELS);
        for (RelayAcceptor acceptor : acceptors) acceptor.close();
    }

    private static void visitors(RelayServer server, InetAddress loopback) throws IOException {
        try (ServerSocket service = new ServerSocket(0, VISITORS, loopback);
                RelayForwarder forwarder = RelayClient.forward(
                        "localhost", server.port(), new InetSocketAddress(loopback, service.getLocalPort()))) {
            long[] each = new long[ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                long direct = taken(service.getLocalSocketAddress(), service);
                each[round] = taken(forwarder.publicAddress(), service) - direct;
            }
            Arrays.sort(each);
            print("idle visitor, both ends", each[ROUNDS / 2], VISITORS);
        }
    }

    /** Returns the memory of connections with both ends in this process. Unit: bytes. */
    private static long taken(SocketAddress to, ServerSocket service) throws IOException {
        List<Closeable> open = new ArrayList<>(2 * VISITORS);
        long before = used();
        connect(to, service, VISITORS, open);
        long taken = used() - before;
        for (Closeable each : open) each.close();
        return taken;
    }

    private static void connect(SocketAddress to, ServerSocket service, int count, List<Closeable> open)
            throws IOException {
        for (int n = 0; n < count; n++) {
            open.add(SocketChannel.open(to));
            open.add(service.accept()); // keeps it reachable: a collected socket is closed
        }
    }

    /** Returns the memory in use after a garbage collection, with direct memory. Unit: bytes. */
    static long used() {
        for (int n = 0; n < COLLECTIONS; n++) System.gc();
        long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return direct + ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    static void print(String what, long bytes, int count) {
        System.out.printf(Locale.ROOT, "%s: %,d bytes (%,d of them)%n", what, bytes / count, count);
    }
}
