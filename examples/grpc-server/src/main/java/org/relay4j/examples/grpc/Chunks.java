package org.relay4j.examples.grpc;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The service for both sides: three methods whose messages are bytes, so no code has to be generated. */
final class Chunks {
    static final String NAME = "relay.examples.Chunks";

    /** The SHA-256 of the request. */
    static final MethodDescriptor<byte[], byte[]> DIGEST = method("Digest", MethodType.UNARY);

    /** Chunks of random bytes. The request is their number in decimal digits. */
    static final MethodDescriptor<byte[], byte[]> RANDOM = method("Random", MethodType.SERVER_STREAMING);

    /** Echoes each chunk at once. */
    static final MethodDescriptor<byte[], byte[]> ECHO = method("Echo", MethodType.BIDI_STREAMING);

    private Chunks() {}

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.newBuilder(new Bytes(), new Bytes())
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(NAME, name))
                .build();
    }

    /** A message of bytes. gRPC limits it to 4 MiB. */
    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] message) {
            return new ByteArrayInputStream(message);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw Status.INTERNAL.withCause(e).asRuntimeException();
            }
        }
    }
}
