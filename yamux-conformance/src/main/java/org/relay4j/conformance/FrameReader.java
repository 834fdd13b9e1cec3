package org.relay4j.conformance;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A parser of the frames in a byte stream. It allocates no memory for implausible lengths. */
final class FrameReader {
    /** Maximum body length: no script grants the endpoint more credit at once. */
    static final int LARGEST_BODY = 16 << 20; // bytes

    private final InputStream in;

    FrameReader(InputStream in) {
        this.in = in;
    }

    /**
     * Returns the next frame with its body; null if the stream ends between two frames.
     *
     * @throws EOFException if the stream ends within a frame
     * @throws IOException if the connection fails, or a declared body length exceeds {@link #LARGEST_BODY}
     */
    @Nullable
    Frame next() throws IOException {
        byte[] header = in.readNBytes(Frame.HEADER);
        if (header.length == 0) return null;
        if (header.length < Frame.HEADER) throw new EOFException("ended after " + header.length + " bytes of a header");
        Frame frame = Frame.ofHeader(ByteBuffer.wrap(header));
        if (frame.type() != Frame.DATA || frame.length() == 0) return frame;
        if (frame.length() > LARGEST_BODY) throw new IOException("declared a body of " + frame.length() + " bytes");
        byte[] body = in.readNBytes((int) frame.length());
        if (body.length < frame.length())
            throw new EOFException("ended after " + body.length + " of " + frame.length() + " bytes of a body");
        return frame.withBody(body);
    }
}
