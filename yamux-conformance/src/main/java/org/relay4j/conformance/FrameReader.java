package org.relay4j.conformance;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The frames in a stream of bytes. No memory is taken for a length that nobody has a reason to send. */
final class FrameReader {
    /** No script grants an endpoint more than this to send at once. */
    static final int LARGEST_BODY = 16 << 20; // bytes

    private final InputStream in;

    FrameReader(InputStream in) {
        this.in = in;
    }

    /**
     * The next frame with its body; null at the end, when that is between two frames.
     *
     * @throws EOFException when the end is within a frame
     * @throws IOException when the connection fails, or when a body is declared to be longer than {@link #LARGEST_BODY}
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
