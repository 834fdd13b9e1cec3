package org.relay4j.server.names;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The first request of a connection with HTTP/1 or HTTP/2: the client preface of HTTP/2 decides. */
final class HttpOpening implements OpeningReader {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int DECIDES = "PRI * HTTP/2.0\r\n".length();

    private @Nullable OpeningReader reader; // once it is decided

    @Override
    public @Nullable Opening read(byte[] bytes, int length) {
        OpeningReader chosen = reader;
        if (chosen == null) {
            int same = 0;
            while (same < Math.min(length, DECIDES) && bytes[same] == PREFACE[same]) same++;
            if (same == length && same < DECIDES) return null;
            chosen = same == DECIDES ? new Http2Opening(PREFACE) : new HttpHead();
            reader = chosen;
        }
        Opening opening = chosen.read(bytes, length);
        if (opening == null && length >= MOST) return Opening.refused(Fault.TOO_LONG);
        return opening;
    }
}
