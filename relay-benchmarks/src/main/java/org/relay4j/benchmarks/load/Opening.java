package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/**
 * What a visitor of a host name sends first, by {@code --opening https:NAME} or {@code http:NAME}: the ClientHello of Java's TLS, or
 * the head of an HTTP request. The backend skips it.
 */
final class Opening {
    private static final byte[] HEAD_END = {'\r', '\n', '\r', '\n'};
    private static final int RECORD_HEADER = 5; // bytes
    private static final int HANDSHAKE = 22; // type of a TLS record, and not the letter of a mode
    private static final int GET = 'G'; // is not the letter of a mode either

    private final byte[] bytes;

    private Opening(byte[] bytes) {
        this.bytes = bytes;
    }

    static Opening of(Arguments arguments) throws IOException {
        String text = arguments.text("opening", "");
        if (text.isEmpty()) return new Opening(new byte[0]);
        String[] words = text.split(":", 2);
        if (words.length == 2 && words[0].equals("https")) return new Opening(clientHello(words[1]));
        if (words.length == 2 && words[0].equals("http")) return new Opening(requestHead(words[1]));
        throw new IllegalArgumentException("--opening is https:NAME or http:NAME, not " + text);
    }

    private static byte[] clientHello(String name) throws IOException {
        try {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine();
            engine.setUseClientMode(true);
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName(name)));
            engine.setSSLParameters(parameters);
            ByteBuffer hello = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
            engine.wrap(ByteBuffer.allocate(0), hello);
            byte[] bytes = new byte[hello.flip().remaining()];
            hello.get(bytes);
            return bytes;
        } catch (GeneralSecurityException e) {
            throw new IOException("no TLS", e);
        }
    }

    private static byte[] requestHead(String name) {
        String head = "GET / HTTP/1.1\r\nHost: " + name + "\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n";
        return head.getBytes(StandardCharsets.US_ASCII);
    }

    /** Returns the opening, followed by a request. */
    ByteBuffer before(ByteBuffer request) {
        return ByteBuffer.allocate(bytes.length + request.remaining())
                .put(bytes)
                .put(request)
                .flip();
    }

    /** Skips an opening in the bytes of one connection, however they are split. */
    static final class Skip {
        private final byte[] header = new byte[RECORD_HEADER];
        private long position; // of the next byte
        private int matched; // bytes of HEAD_END

        /** Moves behind the opening, as far as it is there. Returns true if it ends before the limit, or there is none. */
        boolean isOver(ByteBuffer in) {
            while (in.hasRemaining()) {
                byte next = in.get(in.position());
                if (isComplete(next)) return true;
                if (position < RECORD_HEADER) header[(int) position] = next;
                matched = next == HEAD_END[matched] ? matched + 1 : next == HEAD_END[0] ? 1 : 0;
                position++;
                in.get();
            }
            return false;
        }

        private boolean isComplete(byte next) {
            if (position == 0) return next != HANDSHAKE && next != GET;
            if (header[0] == GET) return matched == HEAD_END.length;
            if (position < RECORD_HEADER) return false;
            int length = (header[RECORD_HEADER - 2] & 0xFF) << 8 | (header[RECORD_HEADER - 1] & 0xFF);
            return position >= RECORD_HEADER + length;
        }
    }
}
