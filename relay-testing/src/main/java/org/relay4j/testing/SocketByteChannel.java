package org.relay4j.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

/** A connected socket, perhaps one with TLS, as a blocking channel. */
public final class SocketByteChannel implements ByteChannel {
    private static final int READ_MOST = 16_384; // bytes

    private final Socket socket;

    public SocketByteChannel(Socket socket) {
        this.socket = socket;
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
        byte[] bytes = new byte[Math.min(to.remaining(), READ_MOST)];
        int length = socket.getInputStream().read(bytes);
        if (length > 0) to.put(bytes, 0, length);
        return length;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        byte[] bytes = new byte[from.remaining()];
        from.get(bytes);
        OutputStream out = socket.getOutputStream();
        out.write(bytes);
        out.flush(); // even if the socket was closed meanwhile
        return bytes.length;
    }

    @Override
    public boolean isOpen() {
        return !socket.isClosed();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
