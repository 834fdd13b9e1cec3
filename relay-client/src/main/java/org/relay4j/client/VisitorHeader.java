package org.relay4j.client;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.proxy.ProxyHeaderReader;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.StreamHeader;

/** The header of a visitor's stream. Guarded by the session's lock until it is complete. */
final class VisitorHeader implements StreamHeader {
    private final LimitedLog log;
    private final Object tunnel; // for the log
    private @Nullable ProxyHeaderReader reader = ProxyHeaderReader.ofStream(); // null once the header is complete
    private ProxyHeader header = ProxyHeader.unknown();

    VisitorHeader(LimitedLog log, Object tunnel) {
        this.log = log;
        this.tunnel = tunnel;
    }

    @Override
    public boolean read(ByteBuffer in) {
        ProxyHeaderReader current = reader;
        if (current == null) return true;
        while (in.hasRemaining()) {
            ByteBuffer room = current.room();
            int length = Math.min(room.remaining(), in.remaining());
            room.put(in.slice(in.position(), length));
            in.position(in.position() + length);
            ProxyHeader read = current.header();
            if (read == null) continue;
            header = read;
            reader = null;
            return true;
        }
        return false;
    }

    @Override
    public void failed(String why) {
        log.log("{}: visitor reset before its address was known: {}", tunnel, why);
    }

    ProxyHeader header() {
        return header;
    }

    /** Returns the address of the visitor; null if it is not known. */
    @Nullable
    InetSocketAddress address() {
        return header.source();
    }

    /** Returns the header that was read; null if there is none. */
    static @Nullable ProxyHeader of(@Nullable StreamHeader header) {
        return header instanceof VisitorHeader visitor ? visitor.header() : null;
    }

    /** Returns the address of the visitor of a stream with this header; null if it is not known. */
    static @Nullable InetSocketAddress address(@Nullable StreamHeader header) {
        return header instanceof VisitorHeader visitor ? visitor.address() : null;
    }
}
