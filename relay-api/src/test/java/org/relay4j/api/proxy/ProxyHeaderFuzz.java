package org.relay4j.api.proxy;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A fuzz target: headers of the PROXY protocol, from streams and from load balancers. The size of the pieces does not matter, no
 * byte behind the header is taken, and an accepted header survives both encodings. {@code CONTRIBUTING.md} has the command;
 * {@link ProxyHeaderFuzzTest} replays what was found.
 */
public final class ProxyHeaderFuzz {
    /** @param header null: malformed, or more bytes are needed */
    private record Outcome(@Nullable ProxyHeader header, int taken, boolean malformed) {}

    private ProxyHeaderFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        Outcome stream = read(ProxyHeaderReader.ofStream(), input, Integer.MAX_VALUE);
        check(stream.equals(read(ProxyHeaderReader.ofStream(), input, 1)), "other pieces, other header");
        check(stream.taken <= ProxyHeader.LONGEST, "too long");
        Outcome balancer = read(ProxyHeaderReader.ofLoadBalancer(), input, Integer.MAX_VALUE);
        check(balancer.header == null == (read(ProxyHeaderReader.ofLoadBalancer(), input, 1).header == null), "pieces");
        ProxyHeader header = stream.header != null ? stream.header : balancer.header;
        if (header == null) return;
        byte[] binary = header.encodeV2();
        check(header.equals(read(ProxyHeaderReader.ofStream(), binary, 7).header), "another header in version 2");
        if (header.datagram()) return;
        byte[] line = header.encodeV1();
        check(line.length <= ProxyHeaderReader.LONGEST_LINE, "a long line");
        ProxyHeader again = read(ProxyHeaderReader.ofLoadBalancer(), line, 7).header;
        check(
                new ProxyHeader(header.source(), header.destination(), false, null, null).equals(again),
                "another header in version 1");
    }

    private static Outcome read(ProxyHeaderReader reader, byte[] input, int atOnce) {
        ByteBuffer in = ByteBuffer.wrap(input);
        while (in.hasRemaining()) {
            ByteBuffer room = reader.room();
            int length = Math.min(Math.min(room.remaining(), atOnce), in.remaining());
            check(length > 0, "no room, and no header");
            room.put(in.slice(in.position(), length));
            in.position(in.position() + length);
            try {
                ProxyHeader header = reader.header();
                if (header != null) return new Outcome(header, in.position(), false);
            } catch (IllegalArgumentException e) {
                return new Outcome(null, 0, true);
            }
        }
        return new Outcome(null, 0, false);
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
