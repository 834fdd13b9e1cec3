package org.relay4j.examples.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.AtOnce;
import org.relay4j.testing.Call;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Sha256;

class ChunkServerTest {
    private static final int LARGE = 100 << 20; // bytes
    private static final int CHUNKS = LARGE / ChunkServer.CHUNK;
    private static final int VISITORS = 8;

    private final List<ManagedChannel> visitors = new ArrayList<>(); // each has a connection of its own
    private RelayServer relay;
    private ChunkServer server;

    @BeforeEach
    void start() throws IOException {
        relay = RelayServer.start(0);
        server = new ChunkServer("localhost", relay.port());
        for (int n = 0; n < VISITORS; n++) {
            visitors.add(OkHttpChannelBuilder.forAddress("localhost", server.publicPort())
                    .usePlaintext()
                    .build());
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        for (ManagedChannel visitor : visitors) {
            assertTrue(visitor.shutdownNow().awaitTermination(20, TimeUnit.SECONDS));
        }
        server.close();
        relay.close();
    }

    @Test
    void twoHundredCallsAtOnce() throws Exception {
        AtOnce.run(200, n -> {
            byte[] request = Pattern.bytes(n, 10_000);
            byte[] reply = ClientCalls.blockingUnaryCall(
                    visitors.get(n % VISITORS), Chunks.DIGEST, CallOptions.DEFAULT, request);
            assertEquals(Sha256.of(request), Sha256.hex(reply));
        });
    }

    @Test
    void largeStreamFromTheServer() {
        Random random = new Random(CHUNKS);
        MessageDigest expected = Sha256.digest();
        for (int n = 0; n < CHUNKS; n++) expected.update(ChunkServer.nextChunk(random));
        MessageDigest received = Sha256.digest();
        random(Integer.toString(CHUNKS)).forEachRemaining(received::update);
        assertEquals(Sha256.hex(expected.digest()), Sha256.hex(received.digest()));
    }

    @Test
    void largeStreamsBothWays() throws Exception {
        BlockingClientCall<byte[], byte[]> call = echo();
        MessageDigest sent = Sha256.digest();
        Call<Void> sending = Call.run(() -> {
            Random random = new Random(1);
            for (int n = 0; n < CHUNKS; n++) {
                byte[] chunk = ChunkServer.nextChunk(random);
                sent.update(chunk);
                assertTrue(call.write(chunk));
            }
            call.halfClose();
        });
        MessageDigest received = Sha256.digest();
        long length = 0; // bytes
        for (byte[] chunk = call.read(); chunk != null; chunk = call.read()) {
            received.update(chunk);
            length += chunk.length;
        }
        sending.result();
        assertEquals(LARGE, length);
        assertEquals(Sha256.hex(sent.digest()), Sha256.hex(received.digest()));
    }

    @Test
    void fullDuplex() throws Exception {
        BlockingClientCall<byte[], byte[]> call = echo();
        for (int n = 0; n < 100; n++) {
            byte[] chunk = Pattern.bytes(n, 1_000);
            call.write(chunk);
            assertArrayEquals(chunk, call.read()); // while the request is not at its end
        }
        call.halfClose();
        assertNull(call.read());
    }

    @Test
    void noChunksAndNoNumber() {
        assertEquals(false, random("0").hasNext());
        StatusRuntimeException refused =
                assertThrows(StatusRuntimeException.class, () -> random("many").hasNext());
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.getStatus().getCode());
    }

    private Iterator<byte[]> random(String chunks) {
        return ClientCalls.blockingServerStreamingCall(
                visitors.get(0), Chunks.RANDOM, CallOptions.DEFAULT, chunks.getBytes(StandardCharsets.US_ASCII));
    }

    private BlockingClientCall<byte[], byte[]> echo() {
        return ClientCalls.blockingBidiStreamingCall(visitors.get(0), Chunks.ECHO, CallOptions.DEFAULT);
    }
}
