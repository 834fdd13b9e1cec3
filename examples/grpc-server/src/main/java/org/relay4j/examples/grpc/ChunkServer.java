package org.relay4j.examples.grpc;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;

/**
 * A gRPC server without a local port, with a unary method, one that streams its reply, and one that streams both ways. Its server
 * socket factory makes it reachable. It uses HTTP/2 without TLS.
 */
public final class ChunkServer implements AutoCloseable {
    static final int CHUNK = 64 * 1024; // bytes

    private final Server grpc;

    ChunkServer(String relayHost, int relayPort) throws IOException {
        grpc = OkHttpServerBuilder.forPort(0, InsecureServerCredentials.create())
                .socketFactory(RelayClient.serverSocketFactory(relayHost, relayPort, RelayClientOptions.defaults()))
                .addService(ServerServiceDefinition.builder(Chunks.NAME)
                        .addMethod(Chunks.DIGEST, ServerCalls.asyncUnaryCall(ChunkServer::digest))
                        .addMethod(Chunks.RANDOM, ServerCalls.asyncServerStreamingCall(ChunkServer::random))
                        .addMethod(Chunks.ECHO, ServerCalls.asyncBidiStreamingCall(Echo::new))
                        .build())
                .build()
                .start();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 2 || !args[1].matches("[0-9]{1,5}")) {
            System.err.println("usage: ChunkServer <relay host> <relay port>");
            System.exit(2);
        }
        try (ChunkServer server = new ChunkServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("gRPC service " + Chunks.NAME + " at " + args[0] + ":" + server.publicPort());
            server.grpc.awaitTermination();
        }
    }

    int publicPort() {
        return grpc.getPort();
    }

    private static void digest(byte[] request, StreamObserver<byte[]> reply) {
        try {
            reply.onNext(MessageDigest.getInstance("SHA-256").digest(request));
            reply.onCompleted();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    private static void random(byte[] request, StreamObserver<byte[]> reply) {
        String count = new String(request, StandardCharsets.US_ASCII);
        if (!count.matches("[0-9]{1,9}")) {
            reply.onError(Status.INVALID_ARGUMENT
                    .withDescription("not a number of chunks")
                    .asRuntimeException());
            return;
        }
        int chunks = Integer.parseInt(count);
        Random random = new Random(chunks);
        var call = (ServerCallStreamObserver<byte[]>) reply;
        int[] sent = new int[1];
        // Called again whenever there is room. gRPC itself would accept any number of chunks, and keep them in
        // memory.
        call.setOnReadyHandler(() -> {
            while (call.isReady() && sent[0] < chunks) {
                call.onNext(nextChunk(random));
                sent[0]++;
                if (sent[0] == chunks) call.onCompleted();
            }
        });
        if (chunks == 0) call.onCompleted();
    }

    static byte[] nextChunk(Random random) {
        byte[] chunk = new byte[CHUNK];
        random.nextBytes(chunk);
        return chunk;
    }

    /** Echoes each chunk. It requests the next one only when there is room for its echo. */
    private static final class Echo implements StreamObserver<byte[]> {
        private final ServerCallStreamObserver<byte[]> call;
        private boolean waits = true; // for room; callbacks of a call never run at the same time

        Echo(StreamObserver<byte[]> reply) {
            call = (ServerCallStreamObserver<byte[]>) reply;
            call.disableAutoRequest();
            call.setOnReadyHandler(this::askForMore);
        }

        @Override
        public void onNext(byte[] chunk) {
            call.onNext(chunk);
            waits = true;
            askForMore();
        }

        private void askForMore() {
            if (!waits || !call.isReady()) return;
            waits = false;
            call.request(1);
        }

        @Override
        public void onError(Throwable cause) {} // the visitor has disconnected

        @Override
        public void onCompleted() {
            call.onCompleted();
        }
    }

    /** Waits up to a second for pending calls. */
    @Override
    public void close() {
        grpc.shutdown();
        boolean ended = false;
        try {
            ended = grpc.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!ended) grpc.shutdownNow();
    }
}
