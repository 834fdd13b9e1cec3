package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks a local service again and again, until its endpoint has ended. One check at a time, on a thread that may block.
 */
final class HealthProbe {
    private static final Logger log = LoggerFactory.getLogger(HealthProbe.class);
    private static final int LONGEST_LINE = 256; // bytes
    private static final Pattern HEALTHY = Pattern.compile("HTTP/1\\.[01] [23][0-9][0-9](?: .*)?");

    /** What happens when the service goes down or is up again. */
    interface Change {
        void changed(boolean up);
    }

    private final ServedEndpoint endpoint;
    private final ForwardService service;
    private final HealthCheck check;
    private final Change change;
    private boolean up = true; // one thread at a time
    private int inARow; // checks that contradict it; one thread at a time

    HealthProbe(ServedEndpoint endpoint, ForwardService service, HealthCheck check, Change change) {
        this.endpoint = endpoint;
        this.service = service;
        this.check = check;
        this.change = change;
    }

    /** Begins with a check at once. Does not block. */
    void start() {
        Callbacks.runSurely(Callbacks.EXECUTOR, this::run);
    }

    private void run() {
        if (endpoint.isOver()) return;
        try {
            probe();
            failed(null);
        } catch (IOException e) {
            failed(e);
        } finally {
            long pause = check.interval().toNanos();
            CompletableFuture.delayedExecutor(pause, TimeUnit.NANOSECONDS, Runnable::run)
                    .execute(this::start);
        }
    }

    /** @param failure null if the check has succeeded */
    private void failed(@Nullable IOException failure) {
        boolean success = failure == null;
        inARow = success == up ? 0 : inARow + 1;
        if (inARow < (up ? check.failures() : check.successes())) return;
        if (success == up) return;
        up = success;
        inARow = 0;
        change.changed(up);
        if (up) log.info("{}: the local service {} is up again", endpoint, service.local());
        else {
            String why = failure == null ? "" : failure.getMessage();
            log.warn("{}: the local service {} is down, the endpoint is withdrawn: {}", endpoint, service.local(), why);
        }
    }

    /** Succeeds if one of the addresses of the service does. */
    private void probe() throws IOException {
        IOException failure = new IOException("its host has no address");
        for (SocketAddress address : service.local().addresses()) {
            try {
                probe(address);
                return;
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    private void probe(SocketAddress address) throws IOException {
        SocketChannel channel = connect(address);
        try {
            String path = check.path();
            if (path != null) ask(channel, path);
        } finally {
            Sockets.close(channel);
        }
    }

    private SocketChannel connect(SocketAddress address) throws IOException {
        if (address instanceof InetSocketAddress tcp) {
            return Dial.connect(List.of(tcp), "the local service " + service.local(), check.timeout(), true);
        }
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        boolean connected = false;
        try {
            channel.configureBlocking(false); // otherwise it waits without limit while the backlog is full
            if (!channel.connect(address)) throw new IOException("its backlog is full");
            connected = true;
            return channel;
        } finally {
            if (!connected) Sockets.close(channel);
        }
    }

    private void ask(SocketChannel channel, String path) throws IOException {
        String request = "GET " + path + " HTTP/1.0\r\nHost: localhost\r\nUser-Agent: relay\r\n\r\n";
        StringBuilder line = new StringBuilder();
        try (Conversation conversation = new Conversation(new PlainWire(channel), check.timeout())) {
            conversation.write(request.getBytes(StandardCharsets.US_ASCII));
            for (int next; (next = conversation.read()) != '\n' && line.length() < LONGEST_LINE; ) {
                line.append((char) (next & 0xFF));
            }
        }
        String status = line.toString().stripTrailing();
        if (!HEALTHY.matcher(status).matches()) {
            throw new IOException("it answered '" + status.replaceAll("[^ -~]", "?") + "' to GET " + path);
        }
    }
}
