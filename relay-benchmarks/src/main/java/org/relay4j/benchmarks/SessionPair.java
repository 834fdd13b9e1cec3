package org.relay4j.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.io.Threads;

/** Both ends of one session, connected for a whole run. */
@State(Scope.Benchmark)
public class SessionPair {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Param({"mem", "tcp", "tls"})
    public String transport;

    Session client;
    Session server;
    private final ReentrantLock opening = new ReentrantLock();
    private final List<OneWay> streams = new ArrayList<>(); // guarded by opening
    private final FutureTask<@Nullable Void> acceptor = new FutureTask<>(this::acceptUntilClosed);
    private boolean accepting; // the acceptor was started; set before the run, read after it

    @Setup(Level.Trial)
    public void connect() throws IOException {
        SessionOptions options =
                SessionOptions.builder().keepAliveInterval(Duration.ZERO).build();
        Transport.Ends ends = Transport.of(transport).connect();
        client = Session.client(ends.client(), options);
        server = Session.server(ends.server(), options);
    }

    /** Opens a stream with a receiver at its other end. Thread-safe. */
    OneWay oneWay(int messageSize, int readSize) throws IOException {
        opening.lock();
        try {
            Stream sender = client.open();
            OneWay stream = new OneWay(sender, server.accept(), messageSize, readSize);
            streams.add(stream);
            return stream;
        } finally {
            opening.unlock();
        }
    }

    /** Starts a thread that closes each stream that the client opens. */
    void acceptAndClose() {
        accepting = true;
        Threads.factory("acceptor").newThread(acceptor).start();
    }

    /**
     * Closes the sessions and everything that runs on them: JMH tears down a shared state before the states that use
     * it.
     */
    @TearDown(Level.Trial)
    public void close() throws Exception {
        opening.lock();
        try {
            for (OneWay stream : streams) stream.finish();
        } finally {
            opening.unlock();
        }
        server.close();
        if (accepting) acceptor.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        client.close();
        if (!client.awaitEnd(PATIENCE) || !server.awaitEnd(PATIENCE)) {
            throw new IOException("a session does not end");
        }
    }

    private @Nullable Void acceptUntilClosed() throws IOException {
        try {
            while (true) server.accept().close();
        } catch (SessionException end) {
            if (end.reason() == SessionException.Reason.CLOSED_LOCALLY) return null;
            throw end;
        }
    }
}
