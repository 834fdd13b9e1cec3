package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks a local service again and again, until its endpoint has ended. One check at a time, on a thread that may block. Safe for use
 * by several threads.
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
    private final boolean always; // otherwise only while the service is down
    private final Change change;
    private final ReentrantLock changing = new ReentrantLock(); // never taken with the lock of a session held
    private final AtomicBoolean up = new AtomicBoolean(true);
    private boolean seen = true; // whether it was up at the last check; one thread at a time
    private int inARow; // checks that contradict it; one thread at a time

    /** @param always whether to check it while it is up, too */
    HealthProbe(ServedEndpoint endpoint, ForwardService service, HealthCheck check, boolean always, Change change) {
        this.endpoint = endpoint;
        this.service = service;
        this.check = check;
        this.always = always;
        this.change = change;
    }

    /** Checks the service once, before the endpoint is opened. Blocks for the timeouts of the check. */
    void first() {
        IOException failure = check();
        if (failure != null && up.compareAndSet(true, false)) isDown(failure);
    }

    /** Begins with a check at once, unless only a service that is down is to be checked. Does not block. */
    void start() {
        if (always || !up.get()) checkSoon();
    }

    /** A visitor could not be connected: the service is down until a check succeeds. Does not block. */
    void unreachable() {
        if (!up.compareAndSet(true, false)) return;
        Callbacks.runSurely(Callbacks.EXECUTOR, () -> {
            isDown(new IOException("a visitor could not be connected"));
            if (!always) checkLater();
        });
    }

    private void checkSoon() {
        Callbacks.runSurely(Callbacks.EXECUTOR, this::run);
    }

    private void checkLater() {
        Callbacks.runLater(check.interval(), this::run);
    }

    private void run() {
        if (endpoint.isOver()) return;
        boolean isUpAgain = false;
        try {
            isUpAgain = checked(check());
        } finally {
            if (always || !isUpAgain) checkLater();
        }
    }

    /** Returns the failure; null if the check has succeeded. */
    private @Nullable IOException check() {
        try {
            probe();
            return null;
        } catch (IOException e) {
            return e;
        }
    }

    /** Returns whether the service is up again. */
    private boolean checked(@Nullable IOException failure) {
        boolean success = failure == null;
        boolean isUp = up.get();
        if (isUp != seen) inARow = 0;
        seen = isUp;
        inARow = success == isUp ? 0 : inARow + 1;
        if (success == isUp || inARow < (isUp ? check.failures() : check.successes())) return false;
        if (!up.compareAndSet(isUp, success)) return false;
        if (failure != null) {
            isDown(failure);
            return false;
        }
        changed();
        log.info("{}: the local service {} is up again", endpoint, service.local());
        return true;
    }

    private void isDown(IOException failure) {
        changed();
        String why = failure.getMessage();
        log.warn("{}: the local service {} is down, the endpoint is withdrawn: {}", endpoint, service.local(), why);
    }

    /** Reports the present state, so that the last report is true if there are several at a time. */
    private void changed() {
        changing.lock();
        try {
            change.changed(up.get());
        } finally {
            changing.unlock();
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
            return Dial.connect(List.of(tcp), "the local service " + service.local(), check.timeout(), true)
                    .channel();
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
