package org.relay4j.benchmarks;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;

/** Both ends of one session, connected for the whole of a run. */
@State(Scope.Benchmark)
public class SessionPair {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Param({"mem", "tcp", "tls"})
    public String transport;

    Session client;
    Session server;
    private final ReentrantLock opening = new ReentrantLock();
    private final List<OneWay> streams = new ArrayList<>(); // guarded by opening

    @Setup(Level.Trial)
    public void connect() throws IOException, GeneralSecurityException {
        SessionOptions options =
                SessionOptions.builder().keepAliveInterval(Duration.ZERO).build();
        Transport.Ends ends = Transport.of(transport).connect();
        client = Session.client(ends.client(), options);
        server = Session.server(ends.server(), options);
    }

    /** One stream with a receiver at its other end. Threads may call this at the same time. */
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

    /** Ends the streams too: JMH does not wait for the threads' own states before it tears down what they share. */
    @TearDown(Level.Trial)
    public void close() throws Exception {
        opening.lock();
        try {
            for (OneWay stream : streams) stream.finish();
        } finally {
            opening.unlock();
        }
        client.close();
        server.close();
        if (!client.awaitTermination(PATIENCE) || !server.awaitTermination(PATIENCE)) {
            throw new IOException("a session does not end");
        }
    }
}
