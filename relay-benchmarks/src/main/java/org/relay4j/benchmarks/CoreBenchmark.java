package org.relay4j.benchmarks;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.relay4j.yamux.core.MuxStream;

/** Benchmarks of two session cores that exchange their output directly, without channel, thread or lock. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 2)
@Fork(1)
public class CoreBenchmark {
    /** Sends a message from one core to the stream handler of the other, as a splice does. */
    @Benchmark
    public int data(Direct direct) {
        return direct.messages.send();
    }

    /** Sends a message through the buffer of the receiving stream, as a blocking read does. */
    @Benchmark
    public int bufferedData(Buffered buffered) {
        int sent = buffered.messages.send();
        return sent + buffered.messages.read();
    }

    /** Opens, accepts and closes a stream. */
    @Benchmark
    public void open(Cores cores) {
        MuxStream stream = cores.pair.open();
        stream.close(cores.pair.now());
        cores.pair.exchange();
        cores.pair.accepted().accept();
        cores.pair.accepted().close(cores.pair.now());
        cores.pair.exchange();
    }

    /** Sends a ping and receives its answer. */
    @Benchmark
    public long ping(Cores cores) {
        cores.pair.client.ping(cores.pair.now());
        cores.pair.exchange();
        cores.pair.exchange();
        return cores.pair.pongs();
    }

    @State(Scope.Thread)
    public static class Cores {
        private CorePair pair;

        @Setup
        public void connect() {
            pair = new CorePair(true);
        }
    }

    @State(Scope.Thread)
    public static class Direct {
        @Param({"64", "1024", "4096", "65536", "262144"})
        public int size; // bytes

        private Messages messages;

        @Setup
        public void connect() {
            messages = new Messages(new CorePair(true), size);
        }
    }

    @State(Scope.Thread)
    public static class Buffered {
        @Param({"64", "1024", "4096", "65536", "262144"})
        public int size; // bytes

        private Messages messages;

        @Setup
        public void connect() {
            messages = new Messages(new CorePair(false), size);
        }
    }

    /** A stream between two cores, on which messages go one way. */
    private static final class Messages {
        private final CorePair pair;
        private final MuxStream sender;
        private final byte[] message;

        Messages(CorePair pair, int size) {
            this.pair = pair;
            message = new byte[size];
            sender = pair.open();
            pair.exchange();
            pair.accepted().accept();
            pair.exchange();
        }

        int send() {
            int sent = 0;
            while (sent < message.length) {
                ByteBuffer room = sender.reserve(message.length - sent, pair.now());
                if (room == null) throw new IllegalStateException("the window is used up: credit is missing");
                int part = room.remaining();
                room.put(message, sent, part);
                sender.commit(part, pair.now());
                sent += part;
            }
            pair.exchange();
            return sent;
        }

        int read() {
            MuxStream receiver = pair.accepted();
            int taken = 0;
            for (ByteBuffer waiting; (waiting = receiver.peek()) != null; ) {
                int part = waiting.remaining();
                waiting.get(message, taken, part);
                receiver.advance(part, pair.now());
                taken += part;
            }
            pair.exchange();
            return taken;
        }
    }
}
