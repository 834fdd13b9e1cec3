package org.relay4j.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Benchmarks of the blocking API of a session, with the workloads of {@code bench_test.go} of hashicorp/yamux. {@code
 * interop/go/bench} runs the same workloads over the same transports in Go.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 2)
@Fork(value = 1, jvmArgsAppend = "-Dslf4j.internal.verbosity=ERROR")
public class SessionBenchmark {
    private static final int LARGE = 512 * 1024 * 1024; // bytes
    private static final int LARGE_READ = 4 * 1024; // bytes
    private static final int DISCARDING_READ = 8 * 1024; // bytes; as io.Discard of Go reads

    /** Measures the round trip of a ping. */
    @Benchmark
    public Duration ping(SessionPair sessions) throws IOException {
        return sessions.client.ping();
    }

    /** Opens and closes a stream that the other end accepts and closes concurrently. */
    @Benchmark
    public void accept(SessionPair sessions, Acceptor acceptor) throws IOException {
        sessions.client.open().close();
    }

    /** Sends one message, which is read with a buffer of its size. */
    @Benchmark
    public void sendRecv(Messages messages) throws IOException {
        messages.stream.send();
    }

    /** Sends one message of 512 MiB, which is read 4 KiB at a time. */
    @Benchmark
    @Fork(
            value = 1,
            jvmArgsAppend = {"-Dslf4j.internal.verbosity=ERROR", "-Xmx2g"})
    public void sendRecvLarge(LargeMessages messages) throws IOException {
        messages.stream.send();
    }

    /** Sends one message on each of as many streams as there are processors. The time is that of one stream. */
    @Benchmark
    @Threads(Threads.MAX)
    public void sendRecvParallel(ParallelMessages messages) throws IOException {
        messages.stream.send();
    }

    /** A thread that accepts and closes streams. */
    @State(Scope.Benchmark)
    public static class Acceptor {
        @Setup(Level.Trial)
        public void start(SessionPair sessions) {
            sessions.acceptAndClose();
        }
    }

    @State(Scope.Thread)
    public static class Messages {
        @Param({"32", "64", "128", "256", "512", "1024", "2048", "4096"})
        public int size; // bytes

        private OneWay stream;

        @Setup(Level.Trial)
        public void open(SessionPair sessions) throws IOException {
            stream = sessions.oneWay(size, size);
        }
    }

    @State(Scope.Thread)
    public static class LargeMessages {
        private OneWay stream;

        @Setup(Level.Trial)
        public void open(SessionPair sessions) throws IOException {
            stream = sessions.oneWay(LARGE, LARGE_READ);
        }
    }

    @State(Scope.Thread)
    public static class ParallelMessages {
        @Param({"32", "64", "128", "256", "512", "1024", "2048", "4096"})
        public int size; // bytes

        private OneWay stream;

        @Setup(Level.Trial)
        public void open(SessionPair sessions) throws IOException {
            stream = sessions.oneWay(size, DISCARDING_READ);
        }
    }
}
