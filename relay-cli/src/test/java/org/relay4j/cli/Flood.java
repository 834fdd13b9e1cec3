package org.relay4j.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.relay4j.testing.Await;

/** Connections of strangers with many addresses: as many as wanted that stay, or one after the other at full speed. */
final class Flood implements AutoCloseable {
    private static final int ADDRESSES = 250; // 127.0.1.x
    private static final int TIMEOUT = 20_000; // ms

    /** A kind of flood, against a server that has a tunnel. */
    enum Kind {
        SILENT_CLIENTS(false, "5,000 silent connections to a plain control port"),
        SILENT_TLS_CLIENTS(true, "5,000 silent connections to a TLS control port"),
        HALF_TLS_HANDSHAKES(true, "1,000 half-finished TLS handshakes"),
        SILENT_VISITORS(true, "5,000 silent connections to a public port"),
        HASTY_CLIENTS(false, "connect and leave, plain control port"),
        HASTY_TLS_CLIENTS(true, "connect and leave, TLS control port"),
        HASTY_VISITORS(true, "connect and leave, public port");

        final boolean tls;
        final String title;

        Kind(boolean tls, String title) {
            this.tls = tls;
            this.title = title;
        }

        boolean isHasty() {
            return name().startsWith("HASTY");
        }

        private boolean isOfVisitors() {
            return name().endsWith("VISITORS");
        }

        /** Starts it; returns when all connections that stay are there. */
        Flood start(int controlPort, int publicPort) throws Exception {
            InetSocketAddress target = address(0, isOfVisitors() ? publicPort : controlPort);
            if (isHasty()) return hasty(target);
            return this == HALF_TLS_HANDSHAKES ? held(target, 1_000, clientHello()) : held(target, 5_000, new byte[0]);
        }
    }

    private final List<SocketChannel> held = new ArrayList<>();
    private final Thread hurrying;
    private volatile boolean closing;
    private final AtomicLong count = new AtomicLong(); // connections so far

    private Flood(InetSocketAddress target) {
        hurrying = new Thread(() -> hurry(target), "flood");
        hurrying.setDaemon(true);
    }

    private static Flood held(InetSocketAddress target, int number, byte[] first) throws IOException {
        Flood flood = new Flood(target);
        while (flood.count.get() < number) {
            SocketChannel stranger = flood.connect(target);
            flood.held.add(stranger);
            if (first.length > 0) stranger.write(ByteBuffer.wrap(first));
        }
        return flood;
    }

    /** Connects and leaves until it is closed. */
    static Flood hasty(InetSocketAddress target) {
        Flood flood = new Flood(target);
        flood.hurrying.start();
        return flood;
    }

    private void hurry(InetSocketAddress target) {
        while (!closing) {
            try {
                connect(target).close();
            } catch (IOException e) {
                // The server has no time for it, so it is no flood either; it is not counted.
            }
        }
    }

    private SocketChannel connect(InetSocketAddress target) throws IOException {
        SocketChannel stranger = SocketChannel.open();
        try {
            stranger.bind(address(1 + (int) (count.get() % ADDRESSES), 0));
            stranger.socket().connect(target, TIMEOUT);
            count.incrementAndGet();
            return stranger;
        } catch (IOException e) {
            stranger.close();
            throw e;
        }
    }

    private static InetSocketAddress address(int last, int port) {
        return new InetSocketAddress(last == 0 ? "127.0.0.1" : "127.0.1." + last, port);
    }

    /** The first flight of a TLS client that wants to speak to a relay server. */
    private static byte[] clientHello() throws GeneralSecurityException, IOException {
        SSLEngine engine = SSLContext.getDefault().createSSLEngine("localhost", 7000);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"relay/1"});
        engine.setSSLParameters(parameters);
        ByteBuffer flight = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(ByteBuffer.allocate(0), flight);
        byte[] bytes = new byte[flight.flip().remaining()];
        flight.get(bytes);
        return bytes;
    }

    long count() {
        return count.get();
    }

    @Override
    public void close() throws IOException {
        closing = true;
        Await.until("the flood ends", () -> !hurrying.isAlive());
        for (SocketChannel stranger : held) stranger.close();
    }

    // ---- what it costs

    /** Returns the resident memory of a process. Unit: MiB. */
    static long residentMemory(ChildProcess process) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
            String line =
                    lines.filter(each -> each.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
        }
    }

    /** Returns the number of open file descriptors of a process. */
    static long openFiles(ChildProcess process) throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
            return files.count();
        }
    }
}
