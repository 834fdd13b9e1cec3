package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.yamux.io.StreamHeader;

/** The header of a stream between nodes: version 2 of the PROXY protocol, with the endpoint and the epoch of its route. */
final class PeerHeader implements StreamHeader {
    private static final int EPOCH = 0xE1; // type of a TLV
    private static final int LENGTH_AT = 14; // of the header, 16 bits
    private static final int FIXED = 16; // bytes

    private final ProxyHeaderReader reader = ProxyHeaderReader.ofStream();
    private @Nullable ProxyHeader visitor; // once complete
    private @Nullable Endpoint endpoint;
    private long epoch;

    static byte[] encode(ProxyHeader visitor, Endpoint endpoint, long epoch) {
        byte[] header = new ProxyHeader(
                        visitor.source(),
                        visitor.destination(),
                        visitor.datagram(),
                        endpoint.toString(),
                        visitor.uniqueId())
                .encodeV2();
        byte[] whole = Arrays.copyOf(header, header.length + 3 + Long.BYTES);
        ByteBuffer out = ByteBuffer.wrap(whole);
        out.position(header.length).put((byte) EPOCH).putShort((short) Long.BYTES);
        out.putLong(epoch);
        out.putShort(LENGTH_AT, (short) (whole.length - FIXED));
        return whole;
    }

    @Override
    public boolean read(ByteBuffer in) {
        ProxyHeader complete = null;
        while (complete == null && in.hasRemaining()) {
            ByteBuffer room = reader.room();
            int length = Math.min(room.remaining(), in.remaining());
            room.put(in.slice(in.position(), length));
            in.position(in.position() + length);
            complete = reader.header();
        }
        if (complete == null) return false;
        String name = complete.endpoint();
        byte[] value = reader.value(EPOCH);
        if (name == null) throw new IllegalArgumentException("the header of a visitor has no endpoint");
        if (value == null || value.length != Long.BYTES) {
            throw new IllegalArgumentException("the header of a visitor has no epoch of eight bytes");
        }
        endpoint = Endpoint.parse(name);
        if (endpoint.isAny()) throw new IllegalArgumentException("the endpoint of a visitor is '" + name + "'");
        epoch = ByteBuffer.wrap(value).getLong();
        if (epoch <= 0) throw new IllegalArgumentException("the epoch of a visitor is " + epoch);
        visitor = complete;
        return true;
    }

    @Override
    public void failed(String why) {
        // HeaderReading reports it
    }

    ProxyHeader visitor() {
        return require(visitor);
    }

    Endpoint endpoint() {
        return require(endpoint);
    }

    long epoch() {
        return epoch;
    }

    private static <T> T require(@Nullable T part) {
        if (part == null) throw new IllegalStateException("the header is not complete");
        return part;
    }
}
