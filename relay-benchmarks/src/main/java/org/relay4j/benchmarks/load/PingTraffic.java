package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Messages that the backend echoes, on one thread. The connections are divided evenly among the addresses. Without an
 * interval a connection sends its next message immediately after the last echo. With an interval each connection follows a
 * schedule, and a late echo skips turns.
 */
final class PingTraffic extends Traffic {
    private static final long SELECT_MILLIS = 100;
    /** Larger messages may have to be sent and received at the same time. Unit: bytes. */
    private static final int BLOCKING = 4096;

    private final int size;
    private final long interval; // nanoseconds, 0 = none
    private final Latencies latencies = new Latencies();

    PingTraffic(Arguments arguments, Opening opening, int connections, CountDownLatch broken) throws IOException {
        super("ping", broken);
        size = arguments.integer("size", 1);
        interval = (long) (arguments.number("interval-us", 0) * TimeUnit.MICROSECONDS.toNanos(1));
        List<InetSocketAddress> to = arguments.targets();
        for (int i = 0; i < connections; i++) {
            channels.add(Sockets.connect(to.get(i % to.size()), opening, Mode.ECHO));
        }
    }

    @Override
    void load() throws IOException {
        if (channels.size() == 1 && size <= BLOCKING) {
            blocking(new PingConnection(channels.get(0), size));
        } else {
            selecting();
        }
    }

    /** Runs a single connection without a selector, which would only add to the measured time. */
    private void blocking(PingConnection connection) throws IOException {
        long due = System.nanoTime();
        while (!stopped) {
            due += interval;
            for (long wait = due - System.nanoTime(); interval > 0 && wait > 0; wait = due - System.nanoTime()) {
                LockSupport.parkNanos(wait);
            }
            connection.send();
            while (!connection.echoed()) {
                connection.receive();
            }
            count(connection);
        }
    }

    private void selecting() throws IOException {
        try (Selector selector = Selector.open()) {
            List<PingConnection> connections = new ArrayList<>();
            for (SocketChannel channel : channels) {
                PingConnection connection = new PingConnection(channel, size);
                connection.register(selector);
                connections.add(connection);
            }
            if (interval == 0) {
                for (PingConnection connection : connections) {
                    connection.send();
                }
                while (!stopped && errors().count() < connections.size()) {
                    selector.select(this::handle, SELECT_MILLIS);
                }
            } else {
                scheduled(selector, connections);
            }
        }
    }

    private void scheduled(Selector selector, List<PingConnection> connections) throws IOException {
        long start = System.nanoTime();
        for (int i = 0; i < connections.size(); i++) {
            connections.get(i).due = start + interval * i / connections.size();
        }
        Deque<PingConnection> turns = new ArrayDeque<>(connections); // the next one due comes first
        while (!stopped && errors().count() < connections.size()) {
            long now = System.nanoTime();
            for (PingConnection next = turns.element(); next.due - now <= 0; next = turns.element()) {
                turns.addLast(turns.removeFirst());
                next.due += interval;
                if (next.due - now <= 0) {
                    next.due = now + interval;
                }
                if (next.idle()) {
                    next.send();
                }
            }
            long wait = TimeUnit.NANOSECONDS.toMillis(turns.element().due - System.nanoTime());
            if (wait > 0) {
                selector.select(this::handle, wait);
            } else {
                selector.selectNow(this::handle);
            }
        }
    }

    private void handle(SelectionKey key) {
        PingConnection connection = (PingConnection) key.attachment();
        try {
            connection.receive();
            if (connection.echoed()) {
                count(connection);
                if (interval == 0) {
                    connection.send();
                }
            }
        } catch (IOException e) {
            errors().add(e);
            key.cancel();
        }
    }

    private void count(PingConnection connection) throws IOException {
        long duration = connection.finish();
        if (counting) {
            latencies.add(duration);
        }
    }

    @Override
    void report(Json json, double seconds) {
        json.put("conns", channels.size())
                .put("size", size)
                .put("samples", latencies.count())
                .put("per_s", latencies.count() / seconds);
        latencies.report(json);
    }
}
