package org.relay4j.server.names;

import org.jspecify.annotations.Nullable;

/** Reads the first bytes of one connection until they say which name it is for. Not safe for use by several threads. */
public interface OpeningReader {
    /** Maximum number of bytes before the name must be known. */
    int MOST = 16 * 1024;

    /**
     * Continues after more bytes have arrived. Does not change them. After a result it must not be called again.
     *
     * @param bytes everything that has arrived since the beginning
     * @param length their number, at most {@link #MOST}
     * @return null if more bytes are needed
     */
    @Nullable
    Opening read(byte[] bytes, int length);

    /** Returns a reader of the ClientHello of TLS. */
    static OpeningReader ofTls() {
        return new ClientHello();
    }

    /** Returns a reader of the first request of HTTP/1, or HTTP/2 with prior knowledge. */
    static OpeningReader ofHttp() {
        return new HttpOpening();
    }
}
