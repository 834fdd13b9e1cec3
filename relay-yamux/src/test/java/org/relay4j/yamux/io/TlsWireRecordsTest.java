package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Call;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.Transport;

/** A TlsWire whose peer sends records in pieces, altered, incomplete, or more of them than it should. */
class TlsWireRecordsTest {
    private static final long SEED = 20_261_128;
    private static final String V13 = "TLSv1.3";
    private static final String V12 = "TLSv1.2";

    private final Random random = new Random(SEED);
    private SocketChannel socket;
    private TlsWire wire;
    private EnginePeer peer;
    private long inUse; // bytes of the pool

    @BeforeEach
    void countMemory() {
        inUse = BufferPool.shared().inUse();
    }

    @AfterEach
    void everythingIsReturned() throws IOException {
        wire.close();
        peer.close();
        assertFalse(socket.isOpen());
        assertFalse(wire.hasInput());
        assertEquals(inUse, BufferPool.shared().inUse());
    }

    private void connect(boolean client, String protocol) throws IOException {
        List<SocketChannel> ends = Transport.sockets();
        socket = ends.get(0);
        socket.configureBlocking(false);
        wire = new TlsWire(socket, EnginePeer.engine(client, protocol));
        peer = new EnginePeer(ends.get(1), !client, protocol);
    }

    private void establish(boolean client, String protocol) throws IOException {
        connect(client, protocol);
        peer.handshake(wire, Integer.MAX_VALUE);
        wire.read(ByteBuffer.allocate(0));
    }

    private byte[] data(int length) {
        byte[] data = new byte[length];
        random.nextBytes(data);
        return data;
    }

    private byte[] read(int length) throws IOException {
        ByteBuffer to = ByteBuffer.allocate(length);
        while (to.hasRemaining()) {
            EnginePeer.awaitInput(wire);
            assertTrue(wire.read(to) >= 0, "end of input");
        }
        return to.array();
    }

    /** Reads until the wire fails. */
    private IOException readFailure() {
        return assertThrows(IOException.class, () -> {
            while (true) {
                EnginePeer.awaitInput(wire);
                assertTrue(wire.read(ByteBuffer.allocate(1 << 18)) >= 0, "a clean end");
            }
        });
    }

    // ---- fragments

    @ParameterizedTest
    @CsvSource({V13 + ",true", V13 + ",false", V12 + ",true", V12 + ",false"})
    void everyByteArrivesAlone(String protocol, boolean client) throws IOException {
        connect(client, protocol);
        peer.handshake(wire, 1);
        byte[] data = data(1000);
        byte[] records = peer.records(data);
        ByteBuffer to = ByteBuffer.allocate(data.length);
        for (byte each : records) {
            assertEquals(0, to.position());
            peer.send(new byte[] {each});
            EnginePeer.awaitInput(wire);
            wire.read(to);
            assertFalse(wire.hasInput());
        }
        assertArrayEquals(data, to.array());
        wire.write(ByteBuffer.wrap(data));
        assertArrayEquals(data, peer.receive(data.length));
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void piecesEndAnywhereInARecord(String protocol) throws IOException {
        establish(false, protocol);
        byte[] data = data(400_000);
        byte[] records = peer.records(data);
        ByteBuffer to = ByteBuffer.allocate(data.length);
        for (int at = 0, end; at < records.length; at = end) {
            end = Math.min(records.length, at + 1 + random.nextInt(random.nextBoolean() ? 10 : 40_000));
            peer.send(Arrays.copyOfRange(records, at, end));
            EnginePeer.awaitInput(wire);
            do {
                ByteBuffer part = to.slice(to.position(), Math.min(to.remaining(), 1 + random.nextInt(30_000)));
                to.position(to.position() + wire.read(part));
            } while (wire.hasInput());
        }
        while (to.hasRemaining()) {
            EnginePeer.awaitInput(wire);
            wire.read(to);
        }
        assertArrayEquals(data, to.array());
        assertEquals(inUse, BufferPool.shared().inUse());
    }

    @Test
    void theBeginningOfARecordHoldsLittleMemory() throws IOException {
        establish(false, V13);
        byte[] records = peer.records(data(10_000));
        peer.send(Arrays.copyOf(records, 100));
        EnginePeer.awaitInput(wire);
        assertEquals(0, wire.read(ByteBuffer.allocate(10_000)));
        assertEquals(inUse + 4096, BufferPool.shared().inUse());
    }

    @Test
    void whatTheCallerHasNoRoomForIsKeptAndReturnedOnClose() throws IOException {
        establish(false, V13);
        peer.send(peer.records(data(60_000)));
        EnginePeer.awaitInput(wire);
        while (wire.read(ByteBuffer.allocate(1)) == 0) EnginePeer.awaitInput(wire);
        assertTrue(wire.hasInput());
        assertTrue(BufferPool.shared().inUse() > inUse);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 6, 100, Integer.MAX_VALUE})
    void theBeginningOfAConnectionMayHaveBeenRead(int length) throws IOException {
        connect(false, V13);
        peer.engine.beginHandshake();
        byte[] hello = peer.records(new byte[0]);
        int read = Math.min(length, hello.length);
        wire = new TlsWire(socket, EnginePeer.engine(false, V13), ByteBuffer.wrap(hello, 0, read));
        peer.send(Arrays.copyOfRange(hello, read, hello.length));
        peer.handshake(wire, Integer.MAX_VALUE);
        byte[] data = data(1000);
        peer.send(peer.records(data));
        assertArrayEquals(data, read(data.length));
    }

    @Test
    void noMoreMayHaveBeenReadThanIsKept() throws IOException {
        connect(false, V13);
        ByteBuffer most = ByteBuffer.allocate(64 * 1024);
        new TlsWire(socket, EnginePeer.engine(false, V13), most).close();
        connect(false, V13);
        ByteBuffer more = ByteBuffer.allocate(64 * 1024 + 1);
        assertThrows(IllegalArgumentException.class, () -> new TlsWire(socket, wire.engine(), more));
    }

    // ---- input that is no TLS

    @ParameterizedTest
    @CsvSource({V13 + ",true", V13 + ",false", V12 + ",true", V12 + ",false"})
    void anAlteredRecordIsRefusedAndThePeerIsTold(String protocol, boolean client) throws IOException {
        establish(client, protocol);
        byte[] records = peer.records(data(1000));
        records[records.length - 20] ^= 1;
        peer.send(records);
        IOException failure = readFailure();
        assertEquals("javax.net.ssl.SSLException", failure.getClass().getName(), failure::toString);
        assertSame(failure, assertThrows(IOException.class, () -> wire.read(ByteBuffer.allocate(10))));
        assertSame(failure, assertThrows(IOException.class, () -> wire.write(ByteBuffer.allocate(10))));
        assertFalse(wire.hasInput());
        SSLException told = assertThrows(SSLException.class, () -> peer.receive(1));
        assertTrue(told.getMessage().contains("bad_record_mac"), told::getMessage);
    }

    @Test
    void aRecordThatIsTooLargeIsRefusedAtItsHeader() throws IOException {
        establish(false, V13);
        peer.send(new byte[] {23, 3, 3, (byte) 0xff, (byte) 0xff});
        assertTrue(readFailure() instanceof SSLException);
    }

    @Test
    void aRecordWithMoreDataThanAllowedIsRefused() throws IOException {
        establish(false, V13);
        byte[] record = new byte[5 + 33_000];
        record[0] = 23;
        record[1] = 3;
        record[2] = 3;
        ByteBuffer.wrap(record).putShort(3, (short) 33_000);
        peer.send(record);
        assertTrue(readFailure() instanceof SSLException);
    }

    /** Whatever arrives, the handshake waits for more or fails with an IOException. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void chanceBytesFailTheHandshake(boolean client) throws IOException {
        for (int round = 0; round < 100; round++) {
            connect(client, V13);
            byte[] bytes = data(1 + random.nextInt(200));
            if (random.nextBoolean()) {
                bytes[0] = (byte) (20 + random.nextInt(5)); // one of the types of records
                if (bytes.length > 2) bytes[1] = bytes[2] = 3;
            }
            if (client) EnginePeer.step(wire);
            peer.send(bytes);
            peer.shutdownOutput();
            assertThrows(IOException.class, () -> {
                while (EnginePeer.step(wire) != TlsWire.Handshake.DONE) EnginePeer.awaitInput(wire);
            });
            everythingIsReturned();
        }
    }

    // ---- ends

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void closeNotifyIsTheEndAfterAllData(String protocol) throws IOException {
        establish(false, protocol);
        byte[] data = data(100);
        peer.send(peer.records(data));
        peer.engine.closeOutbound();
        peer.send(peer.records(new byte[0])); // and the TCP connection stays open
        assertArrayEquals(data, read(100));
        EnginePeer.awaitInput(wire);
        assertEquals(-1, wire.read(ByteBuffer.allocate(10)));
        assertFalse(wire.hasInput());
        assertEquals(-1, wire.read(ByteBuffer.allocate(10)));
    }

    @Test
    void closeNotifyThatArrivesWithDataIsReported() throws IOException {
        establish(false, V13);
        byte[] data = peer.records(data(100));
        peer.engine.closeOutbound();
        byte[] end = peer.records(new byte[0]);
        byte[] both = Arrays.copyOf(data, data.length + end.length);
        System.arraycopy(end, 0, both, data.length, end.length);
        peer.send(both);
        EnginePeer.awaitInput(wire);
        ByteBuffer to = ByteBuffer.allocate(1000);
        while (to.position() == 0) wire.read(to);
        assertEquals(100, to.position());
        assertTrue(wire.hasInput()); // the selector sees nothing more
        assertEquals(-1, wire.read(to));
    }

    /** A cut is never taken for an end, wherever in the records it is. */
    @ParameterizedTest
    @CsvSource({V13 + ",0", V13 + ",3", V13 + ",200", V12 + ",0", V12 + ",3", V12 + ",200"})
    void anEndWithoutCloseNotifyIsACut(String protocol, int part) throws IOException {
        establish(false, protocol);
        byte[] data = data(100);
        peer.send(peer.records(data));
        peer.send(Arrays.copyOf(peer.records(data(1000)), part));
        peer.shutdownOutput();
        assertArrayEquals(data, read(100));
        IOException cut = readFailure();
        assertTrue(cut instanceof EOFException, cut::toString);
        assertEquals("the connection ended without the TLS close_notify", cut.getMessage());
        assertThrows(EOFException.class, () -> wire.read(ByteBuffer.allocate(1)));
    }

    @ParameterizedTest
    @CsvSource({V13 + ",true", V13 + ",false", V12 + ",true", V12 + ",false"})
    void anAlertOfThePeerIsNamed(String protocol, boolean client) throws IOException {
        establish(client, protocol);
        wire.write(ByteBuffer.wrap(data(100)));
        assertThrows(SSLException.class, peer::receiveAltered);
        peer.send(peer.records(new byte[0]));
        IOException failure = readFailure();
        assertTrue(failure.getMessage().endsWith("Received fatal alert: bad_record_mac"), failure::getMessage);
    }

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void closingSendsCloseNotify(String protocol) throws IOException {
        establish(true, protocol);
        wire.read(ByteBuffer.allocate(100));
        wire.close();
        assertEquals(
                "close_notify",
                assertThrows(EOFException.class, () -> peer.receive(1)).getMessage());
    }

    // ---- messages of the handshake after the handshake

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aNewHandshakeIsRefused(boolean client) throws IOException {
        establish(client, V12);
        peer.engine.beginHandshake();
        peer.send(peer.records(new byte[0]));
        IOException failure = readFailure();
        assertTrue(failure instanceof SSLException, failure::toString);
        assertEquals("the peer requested a new TLS handshake, which is not supported", failure.getMessage());
        assertNotTakenForComplete();
    }

    /** A wire that has failed by itself does not tell its peer that everything was sent. */
    private void assertNotTakenForComplete() {
        wire.close();
        assertThrows(IOException.class, peer::receiveAll); // which returns at a close_notify
    }

    @Test
    void keysMayBeUpdatedAfterOurEnd() throws IOException {
        establish(false, V13);
        assertTrue(wire.shutdownOutput());
        peer.engine.beginHandshake();
        byte[] data = data(1000);
        peer.send(peer.records(data));
        assertArrayEquals(data, read(data.length));
        peer.engine.closeOutbound();
        peer.send(peer.records(new byte[0]));
        EnginePeer.awaitInput(wire);
        assertEquals(-1, wire.read(ByteBuffer.allocate(10)));
    }

    /** Before its close_notify, a closing socket of the JDK sends the warning user_canceled, a record without data. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anSslSocketClosesAfterOurEnd(boolean tls13) throws Exception {
        connect(false, tls13 ? V13 : V12);
        SSLSocket other = (SSLSocket) SelfSigned.context()
                .getSocketFactory()
                .createSocket(peer.socket().socket(), "localhost", 443, true);
        Call<Integer> end = Call.of(() -> {
            other.startHandshake();
            return other.getInputStream().read();
        });
        while (EnginePeer.step(wire) != TlsWire.Handshake.DONE) EnginePeer.awaitInput(wire);
        assertTrue(wire.shutdownOutput());
        assertEquals(-1, end.result());
        other.close();
        int length = 0;
        while (length == 0) {
            EnginePeer.awaitInput(wire);
            length = wire.read(ByteBuffer.allocate(10));
        }
        assertEquals(-1, length);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void bothEndsUpdateTheirKeys(boolean client) throws IOException {
        establish(client, V13);
        for (int round = 0; round < 100; round++) {
            byte[] data = data(1000);
            if (round % 2 == 0) peer.engine.beginHandshake(); // in TLS 1.3, an update of the keys
            else wire.engine().beginHandshake();
            peer.send(peer.records(data));
            assertArrayEquals(data, read(data.length));
            wire.write(ByteBuffer.wrap(data));
            assertArrayEquals(data, peer.receive(data.length));
        }
    }

    @Test
    void aFloodOfKeyUpdatesIsRefused() throws IOException {
        establish(false, V13);
        IOException failure = assertThrows(IOException.class, () -> {
            for (int i = 0; i < 1000; i++) {
                peer.engine.beginHandshake();
                peer.send(peer.records(new byte[0]));
                EnginePeer.awaitInput(wire);
                wire.read(ByteBuffer.allocate(10));
                peer.receive();
            }
        });
        assertEquals(
                "the peer sent more than " + TlsWire.IDLE_RECORDS + " TLS records without data in a row",
                failure.getMessage());
        assertNotTakenForComplete();
    }

    /** The answers to key updates that a peer does not read are bounded, even if it sends data in between. */
    @Test
    void answersThatThePeerDoesNotReadAreBounded() throws IOException {
        connect(false, V13);
        socket.setOption(StandardSocketOptions.SO_SNDBUF, 4096);
        peer.handshake(wire, Integer.MAX_VALUE);
        ByteBuffer much = ByteBuffer.allocate(1 << 20);
        while (much.hasRemaining() && wire.write(much) > 0)
            assertTrue(BufferPool.shared().inUse() <= inUse + 65_536);
        assertFalse(wire.flush());
        int updates = 0;
        IOException failure = null;
        while (failure == null && updates < 10_000) {
            peer.engine.beginHandshake();
            peer.send(peer.records(new byte[0]));
            peer.send(peer.records(new byte[] {1}));
            updates++;
            try {
                read(1);
            } catch (SSLException e) {
                failure = e;
            }
            assertTrue(BufferPool.shared().inUse() <= inUse + 2 * 65_536);
        }
        assertEquals("the peer requests key updates, but does not read them", String.valueOf(failure.getMessage()));
    }

    // ---- output

    @ParameterizedTest
    @ValueSource(strings = {V13, V12})
    void aFullSocketStopsTheOutput(String protocol) throws IOException {
        connect(true, protocol);
        socket.setOption(StandardSocketOptions.SO_SNDBUF, 16_384);
        peer.handshake(wire, Integer.MAX_VALUE);
        byte[] data = data(2_000_000);
        ByteBuffer from = ByteBuffer.wrap(data);
        while (wire.write(from) > 0) assertTrue(BufferPool.shared().inUse() <= inUse + 65_536);
        assertTrue(from.hasRemaining());
        assertFalse(wire.flush());
        assertEquals(0, wire.write(from));
        Call<byte[]> reader = Call.of(() -> peer.receive(data.length));
        while (from.hasRemaining() || !wire.flush()) {
            EnginePeer.awaitOutput(wire);
            wire.write(from);
        }
        assertArrayEquals(data, reader.result());
        assertTrue(wire.flush());
        assertEquals(inUse, BufferPool.shared().inUse());
    }

    @Test
    void outputThatWaitsIsReturnedOnClose() throws IOException {
        connect(true, V13);
        socket.setOption(StandardSocketOptions.SO_SNDBUF, 4096);
        peer.handshake(wire, Integer.MAX_VALUE);
        ByteBuffer much = ByteBuffer.allocate(8 << 20);
        while (wire.write(much) > 0) assertTrue(much.hasRemaining());
        assertFalse(wire.shutdownOutput());
        assertTrue(BufferPool.shared().inUse() > inUse);
    }

    @Test
    void theOrderOfCallsIsChecked() throws IOException {
        connect(true, V13);
        assertThrows(IllegalStateException.class, wire::task);
        assertEquals(TlsWire.Handshake.READ, EnginePeer.step(wire));
        peer.handshake(wire, Integer.MAX_VALUE);
        assertEquals(TlsWire.Handshake.DONE, wire.handshake());
        assertTrue(wire.shutdownOutput());
        assertThrows(IOException.class, () -> wire.write(ByteBuffer.wrap("x".getBytes(StandardCharsets.US_ASCII))));
        byte[] data = data(10);
        peer.send(peer.records(data));
        assertArrayEquals(data, read(10)); // the other direction lives on
    }
}
