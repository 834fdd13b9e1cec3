package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.yamux.io.StreamHeader;

/** The header of a stream between nodes: version 2 of the PROXY protocol, with the endpoint and the epoch of its route. */
final class PeerHeader implements StreamHeader {
    private static final int EPOCH = 0xE1; // type of a TLV
    private static final int OWNER = 0xE2; // type of a TLV, of a question only
    private static final int LENGTH_AT = 14; // of the header, 16 bits
    private static final int FIXED = 16; // bytes

    private final ProxyHeaderReader reader = ProxyHeaderReader.ofStream();
    private @Nullable ProxyHeader visitor; // once complete
    private @Nullable Endpoint endpoint;
    private @Nullable String owner;
    private long epoch;

    /** @param owner name of the client that is asked for; null for a visitor */
    static byte[] encode(ProxyHeader visitor, Endpoint endpoint, long epoch, @Nullable String owner) {
        byte[] header = new ProxyHeader(
                        visitor.source(),
                        visitor.destination(),
                        visitor.datagram(),
                        endpoint.toString(),
                        visitor.uniqueId())
                .encodeV2();
        byte[] name = owner == null ? null : owner.getBytes(StandardCharsets.US_ASCII);
        int length = header.length + 3 + Long.BYTES + (name == null ? 0 : 3 + name.length);
        byte[] whole = Arrays.copyOf(header, length);
        ByteBuffer out = ByteBuffer.wrap(whole);
        out.position(header.length).put((byte) EPOCH).putShort((short) Long.BYTES);
        out.putLong(epoch);
        if (name != null) out.put((byte) OWNER).putShort((short) name.length).put(name);
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
        byte[] asked = reader.value(OWNER);
        owner = asked == null ? null : new String(asked, StandardCharsets.ISO_8859_1);
        if (owner != null && !ClientName.isValid(owner)) throw new IllegalArgumentException("the name is malformed");
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

    /** Returns the name of the client if this is a question whether it answers; null if it is a visitor. */
    @Nullable
    String owner() {
        return owner;
    }

    long epoch() {
        return epoch;
    }

    private static <T> T require(@Nullable T part) {
        if (part == null) throw new IllegalStateException("the header is not complete");
        return part;
    }
}
