package org.relay4j.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.Ed25519;
import org.relay4j.client.ClientIdentity;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayTunnel;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;

/**
 * A measurement of many host names on one server, in one process that is server, clients, service and visitors: the memory of a name,
 * the time to open it, and the processor time of the server for a visitor, beside a server with one name. A visitor connects, sends a
 * ClientHello, gets one byte and leaves.
 */
public final class Names {
    private static final int NAMES = 10_000;
    private static final int OF_A_TUNNEL = 32; // the most
    private static final int ROUNDS = 7;
    private static final int VISITORS = 4_000; // of each server in a round
    private static final String PREFIX = "host";
    private static final String DOMAIN = ".example.com";
    private static final double NANOS = 1e9;

    private final RelayServer server;
    private final RelayClientOptions options;
    private final InetSocketAddress service;
    private final List<RelayTunnel> tunnels = new ArrayList<>();
    private int names;

    private Names(InetSocketAddress service) throws IOException, GeneralSecurityException {
        this.service = service;
        KeyPair keys = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        ClientLimits limits = ClientLimits.builder()
                .host("*" + DOMAIN)
                .maxTunnels(NAMES)
                .maxEndpoints(OF_A_TUNNEL)
                .build();
        NamedClient known = NamedClient.ofKey(Ed25519.encode(keys.getPublic()), limits);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        server = RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .extended(true)
                .httpsPort(0)
                .loops(1)
                .maxTunnels(NAMES)
                .maxTunnelsPerAddress(NAMES)
                .policy(name -> CompletableFuture.completedFuture(Optional.of(known)))
                .build());
        options = RelayClientOptions.builder()
                .identity(ClientIdentity.ofKey("bench", Ed25519.encode(keys.getPrivate())))
                .build();
    }

    public static void main(String[] words) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try (ServerSocket listener = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress())) {
            threads.execute(() -> serve(listener, threads));
            InetSocketAddress service = (InetSocketAddress) listener.getLocalSocketAddress();
            Names one = new Names(service);
            Names many = new Names(service);
            one.open(1);
            many.openAll();
            compare(one, many);
            one.close();
            many.close();
        } finally {
            threads.shutdown();
        }
    }

    private void close() {
        for (RelayTunnel tunnel : tunnels) tunnel.close();
        server.close();
    }

    // ---- opening

    private void openAll() throws IOException {
        int atFirst = (NAMES + OF_A_TUNNEL - 1) / OF_A_TUNNEL;
        while (tunnels.size() < atFirst) open(1); // the memory of tunnels does not count
        long before = Footprint.used();
        long start = System.nanoTime();
        for (RelayTunnel tunnel : tunnels) open(tunnel, Math.min(OF_A_TUNNEL - 1, NAMES - names));
        double seconds = (System.nanoTime() - start) / NANOS;
        Footprint.print("host name, both ends", Footprint.used() - before, NAMES - atFirst);
        System.out.printf(
                Locale.ROOT,
                "opening a host name, one after the other: %.0f us (%.1f s for %,d)%n",
                seconds * 1e6 / (NAMES - atFirst),
                seconds,
                NAMES - atFirst);
    }

    private void open(int count) throws IOException {
        RelayTunnel tunnel = RelayClient.open("localhost", server.port(), options);
        tunnels.add(tunnel);
        open(tunnel, count);
    }

    private void open(RelayTunnel tunnel, int count) throws IOException {
        for (int n = 0; n < count; n++) tunnel.forward(Endpoint.host(name(names++)), service);
    }

    /** Returns a name; all are of the same length. */
    private static String name(int number) {
        return PREFIX + (NAMES + number) + DOMAIN;
    }

    // ---- visitors

    private static void compare(Names one, Names many) throws Exception {
        byte[] hello = clientHello();
        SplittableRandom random = new SplittableRandom(1);
        for (Names each : List.of(one, many, one, many)) each.visit(VISITORS, hello, random); // compiles the code
        double[] ratios = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            boolean reversed = round % 2 == 1;
            double other = reversed ? many.visit(VISITORS, hello, random) : 0;
            double first = one.visit(VISITORS, hello, random);
            if (!reversed) other = many.visit(VISITORS, hello, random);
            ratios[round] = other / first;
            System.out.printf(
                    Locale.ROOT,
                    "processor time of the server for a visitor: %.1f us with 1 name, %.1f us with %,d names%n",
                    first,
                    other,
                    NAMES);
        }
        Arrays.sort(ratios);
        System.out.printf(
                Locale.ROOT,
                "%,d names / 1 name: %.2f [%.2f-%.2f]%n",
                NAMES,
                ratios[ROUNDS / 2],
                ratios[0],
                ratios[ROUNDS - 1]);
    }

    /** Returns the processor time of the server for each visitor. Unit: microseconds. */
    private double visit(int visitors, byte[] helloOfTheFirst, SplittableRandom random) throws IOException {
        byte[] hello = helloOfTheFirst.clone();
        InetSocketAddress address = server.httpsAddress();
        if (address == null) throw new IllegalStateException("no port for names");
        int digits = new String(hello, StandardCharsets.ISO_8859_1).indexOf(name(0)) + PREFIX.length();
        long before = cpu();
        for (int n = 0; n < visitors; n++) {
            byte[] number = String.valueOf(NAMES + random.nextInt(names)).getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(number, 0, hello, digits, number.length);
            try (Socket visitor = new Socket(address.getAddress(), address.getPort())) {
                visitor.getOutputStream().write(hello);
                if (visitor.getInputStream().read() < 0) throw new IOException("a visitor was not served");
            }
        }
        return (cpu() - before) / 1e3 / visitors;
    }

    /** Returns the processor time of the servers' threads. Only one of the servers has visitors. Unit: nanoseconds. */
    private static long cpu() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            boolean ofServer = thread != null && thread.getThreadName().startsWith("relay-server-");
            if (ofServer) sum += Math.max(0, threads.getThreadCpuTime(thread.getThreadId()));
        }
        return sum;
    }

    private static byte[] clientHello() throws Exception {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine();
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name(0))));
        engine.setSSLParameters(parameters);
        ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), hello);
        return Arrays.copyOf(hello.array(), hello.position());
    }

    // ---- the service

    private static void serve(ServerSocket listener, ExecutorService threads) {
        try {
            while (true) {
                Socket visitor = listener.accept();
                threads.execute(() -> serve(visitor));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private static void serve(Socket visitor) {
        try (visitor) {
            InputStream in = visitor.getInputStream();
            byte[] buffer = new byte[8_192];
            if (in.read(buffer) < 0) return;
            visitor.getOutputStream().write(1);
            while (in.read(buffer) >= 0) {
                // until the visitor leaves
            }
        } catch (IOException e) {
            // the visitor has left
        }
    }
}
