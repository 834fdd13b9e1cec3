package org.relay4j.client;

import java.io.IOException;

/** The bytes that are exchanged with a proxy. */
interface Dialogue {
    /**
     * Reads exactly one byte, because what follows an answer of the proxy belongs to the server.
     *
     * @throws java.io.EOFException if the peer sends no more
     */
    byte read() throws IOException;

    /** Writes all bytes. */
    void write(byte[] bytes) throws IOException;
}
