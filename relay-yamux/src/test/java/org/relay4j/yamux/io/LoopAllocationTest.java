package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Allocation;

/**
 * In the steady state, no frame costs an allocation on the two loops between a visitor and a service. The JDK's engine allocates for each TLS record, which is measured and limited apart.
 */
@Tag("slow")
class LoopAllocationTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    /** Where there is TLS. */
    enum Tls {
        NOWHERE,
        IN_THE_TUNNEL,
        IN_THE_TUNNEL_AND_BEFORE_IT
    }

    private static final int BULK = 64 << 20; // bytes
    private static final int PIECE = 256 * 1024; // bytes
    private static final int ECHOES = 5_000;

    /** Half of the smallest object. Up to 6 were measured in the first test of a JVM, 0 or 1 in all others. Unit: bytes. */
    private static final int PER_FRAME = 8;

    /** For the ticks of the sessions, and the measurement. Unit: bytes. */
    private static final int BESIDE_FRAMES = 3 * 1024;

    /** What the TLS engine may allocate for one record. Unit: bytes. */
    private static final int ENGINE_PER_RECORD = 4 * 1024;

    private final List<MeasuredEngine> near = new ArrayList<>(); // of the visitors' loop
    private final List<MeasuredEngine> far = new ArrayList<>(); // of the services' loop
    private ServerSocket service;
    private SplicedSession visitors;
    private SplicedSession services;
    private End visitor;
    private End served;

    /** Frames that were sent. Each session counts its own. */
    private final long[] frames = new long[2];

    /** The end of a connection outside the loops. */
    private interface End extends AutoCloseable {
        void send(byte[] data) throws IOException;

        /** Returns the number of bytes that were received. */
        int receive() throws IOException;

        @Override
        void close() throws IOException;
    }

    private record Plain(Socket socket) implements End {
        Plain {
            try {
                socket.setTcpNoDelay(true);
                socket.setSoTimeout((int) Await.DEADLINE.toMillis());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void send(byte[] data) throws IOException {
            socket.getOutputStream().write(data);
        }

        @Override
        public int receive() throws IOException {
            return socket.getInputStream().read(new byte[PIECE]);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private record Secured(EnginePeer peer) implements End {
        @Override
        public void send(byte[] data) throws IOException {
            peer.send(peer.records(data));
        }

        @Override
        public int receive() throws IOException {
            return peer.receive().length;
        }

        @Override
        public void close() throws IOException {
            peer.close();
        }
    }

    @BeforeEach
    void listen() throws IOException {
        service = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        service.setSoTimeout((int) Await.DEADLINE.toMillis());
    }

    @AfterEach
    void disconnect() throws Exception {
        visitor.close();
        served.close();
        visitors.close();
        services.close();
        service.close();
    }

    private static TlsWire secured(SocketChannel socket, boolean client, List<MeasuredEngine> engines)
            throws IOException {
        MeasuredEngine engine = new MeasuredEngine(EnginePeer.engine(client, "TLSv1.3"));
        engines.add(engine);
        socket.configureBlocking(false);
        return new TlsWire(socket, engine);
    }

    private void connect(Tls tls) throws Exception {
        List<SocketChannel> tunnel = Transport.sockets();
        Wire one = new PlainWire(tunnel.get(0));
        Wire other = new PlainWire(tunnel.get(1));
        if (tls != Tls.NOWHERE) {
            TlsWire client = secured(tunnel.get(0), true, near);
            TlsWire server = secured(tunnel.get(1), false, far);
            Call<Void> handshake = Call.run(() -> BlockingHandshake.run(client, Await.DEADLINE.toNanos()));
            BlockingHandshake.run(server, Await.DEADLINE.toNanos());
            handshake.result();
            one = client;
            other = server;
        }
        InetSocketAddress address = (InetSocketAddress) service.getLocalSocketAddress();
        visitors = SplicedSession.forVisitors(one, SessionOptions.defaults());
        services = SplicedSession.forService(other, address, SessionOptions.defaults());
        countFrames(visitors, 0);
        countFrames(services, 1);
        if (tls == Tls.IN_THE_TUNNEL_AND_BEFORE_IT) {
            List<SocketChannel> ends = Transport.sockets();
            TlsWire wire = secured(ends.get(0), false, near);
            EnginePeer peer = new EnginePeer(ends.get(1), true, "TLSv1.3");
            peer.handshake(wire, Integer.MAX_VALUE);
            visitor = new Secured(peer);
            visitors.open(wire, null, null);
        } else visitor = new Plain(new Socket(InetAddress.getLoopbackAddress(), visitors.port()));
        served = new Plain(service.accept());
    }

    private void countFrames(SplicedSession session, int index) throws Exception {
        session.onLoop(() -> session.driver.mux().tap((outbound, type, flags, id, length) -> {
            if (outbound) frames[index]++;
        }));
    }

    private interface Traffic {
        void run() throws Exception;
    }

    private static void bulk(End from, End to) throws Exception {
        Call<Void> sender = Call.run(() -> {
            byte[] piece = new byte[PIECE];
            for (int sent = 0; sent < BULK; sent += PIECE) from.send(piece);
        });
        receive(to, BULK);
        sender.result();
    }

    private static void receive(End end, int length) throws IOException {
        int received = 0;
        while (received < length) {
            int part = end.receive();
            assertTrue(part >= 0, "end of input");
            received += part;
        }
        assertEquals(length, received);
    }

    private void echoes() throws Exception {
        byte[] one = {1};
        Call<Void> echo = Call.run(() -> {
            for (int n = 0; n < ECHOES; n++) {
                receive(served, 1);
                served.send(one);
            }
        });
        for (int n = 0; n < ECHOES; n++) {
            visitor.send(one);
            receive(visitor, 1);
        }
        echo.result();
    }

    /** What the loops have allocated and done. Units: bytes; frames and records. */
    private static final class Count {
        long bytes;
        long frames;
        long engineBytes;
        long records;

        void subtract(Count before) {
            bytes -= before.bytes;
            frames -= before.frames;
            engineBytes -= before.engineBytes;
            records -= before.records;
        }

        void add(MeasuredEngine engine) {
            bytes -= engine.allocated;
            engineBytes += engine.allocated;
            records += engine.records;
        }
    }

    private Count count() throws Exception {
        Count count = new Count();
        visitors.onLoop(() -> {
            count.bytes += Allocation.bytesOfThisThread();
            near.forEach(count::add);
        });
        services.onLoop(() -> {
            count.bytes += Allocation.bytesOfThisThread();
            far.forEach(count::add);
        });
        count.frames = frames[0] + frames[1];
        return count;
    }

    private void assertNoAllocation(Traffic traffic) throws Exception {
        // The selector boxes the file descriptor of each ready socket.
        assertTrue(isCached(4000), "run this test with -Djava.lang.Integer.IntegerCache.high=65536");
        fillRecordBuffers();
        for (int n = 0; n < 3; n++) traffic.run();
        Count before = count();
        traffic.run();
        Count count = count();
        count.subtract(before);
        String measured = count.bytes + " bytes were allocated for " + count.frames + " frames, and by TLS "
                + count.engineBytes + " for " + count.records + " records";
        assertTrue(count.frames >= 50, measured); // of up to 1 MiB
        assertTrue(count.bytes <= count.frames * PER_FRAME + BESIDE_FRAMES, measured);
        assertTrue(count.engineBytes <= count.records * ENGINE_PER_RECORD, measured);
    }

    /** A loop holds two buffers at most. Whether both loops ever do so at the same moment is a matter of chance. */
    private static void fillRecordBuffers() {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (int n = 0; n < 2 * 2; n++) buffers.add(RecordBuffers.acquire());
        buffers.forEach(RecordBuffers::release);
    }

    @SuppressWarnings("ReferenceEquality") // that is the question
    private static boolean isCached(int number) {
        Object box = number;
        Object another = number;
        return box == another;
    }

    @ParameterizedTest
    @EnumSource
    void bulkFromTheVisitor(Tls tls) throws Exception {
        connect(tls);
        assertNoAllocation(() -> bulk(visitor, served));
    }

    @ParameterizedTest
    @EnumSource
    void bulkToTheVisitor(Tls tls) throws Exception {
        connect(tls);
        assertNoAllocation(() -> bulk(served, visitor));
    }

    @ParameterizedTest
    @EnumSource
    void echoesOfOneByte(Tls tls) throws Exception {
        connect(tls);
        assertNoAllocation(this::echoes);
    }
}
