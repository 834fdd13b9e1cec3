package org.relay4j.yamux;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Makes a stream look like a TCP connection to {@link java.net.Socket}, with the same exceptions and the same end of stream.
 * Options are stored and returned but never rejected, because many programs set them routinely. Only the timeout and a linger
 * time of zero have an effect.
 */
final class StreamSocketImpl extends SocketImpl {
    /** Deliberately not the loopback address: a server that trusts local connections must not trust remote visitors. */
    static final InetSocketAddress UNKNOWN = new InetSocketAddress(0);

    private static final Cleaner CLEANER = Cleaner.create();
    private static final int MAX_LINGER = 65_535; // s

    private static final Map<Integer, Object> DEFAULTS = Map.of(
            SocketOptions.TCP_NODELAY, true,
            SocketOptions.SO_KEEPALIVE, false,
            SocketOptions.SO_LINGER, -1,
            SocketOptions.SO_OOBINLINE, false,
            SocketOptions.SO_RCVBUF, 256 * 1024,
            SocketOptions.SO_SNDBUF, 256 * 1024,
            SocketOptions.SO_REUSEADDR, false,
            SocketOptions.SO_REUSEPORT, false,
            SocketOptions.IP_TOS, 0);

    private static final Map<SocketOption<?>, Integer> NAMES = names();

    private final Stream stream;
    private final Map<Integer, Object> options = new ConcurrentHashMap<>(DEFAULTS);
    private final Cleaner.@Nullable Cleanable safetyNet;
    private volatile boolean closed;

    /**
     * @param owns whether to close the stream when this socket becomes unreachable, as with a TCP socket
     */
    StreamSocketImpl(Stream stream, InetSocketAddress local, InetSocketAddress remote, boolean owns) {
        this.stream = stream;
        safetyNet = owns ? CLEANER.register(this, stream::close) : null;
        address = remote.getAddress();
        port = remote.getPort();
        localport = local.getPort();
        options.put(SocketOptions.SO_BINDADDR, local.getAddress());
        options.put(SocketOptions.SO_TIMEOUT, 0);
    }

    private static Map<SocketOption<?>, Integer> names() {
        Map<SocketOption<?>, Integer> names = new HashMap<>();
        names.put(StandardSocketOptions.TCP_NODELAY, SocketOptions.TCP_NODELAY);
        names.put(StandardSocketOptions.SO_KEEPALIVE, SocketOptions.SO_KEEPALIVE);
        names.put(StandardSocketOptions.SO_LINGER, SocketOptions.SO_LINGER);
        names.put(StandardSocketOptions.SO_RCVBUF, SocketOptions.SO_RCVBUF);
        names.put(StandardSocketOptions.SO_SNDBUF, SocketOptions.SO_SNDBUF);
        names.put(StandardSocketOptions.SO_REUSEADDR, SocketOptions.SO_REUSEADDR);
        names.put(StandardSocketOptions.SO_REUSEPORT, SocketOptions.SO_REUSEPORT);
        names.put(StandardSocketOptions.IP_TOS, SocketOptions.IP_TOS);
        return Map.copyOf(names);
    }

    // ---- no-ops: the connection is already established

    @Override
    protected void create(boolean isStream) {}

    @Override
    protected void connect(String host, int toPort) {}

    @Override
    protected void connect(InetAddress host, int toPort) {}

    @Override
    protected void connect(SocketAddress to, int timeout) {}

    @Override
    protected void bind(InetAddress host, int toPort) {}

    @Override
    protected void listen(int backlog) throws IOException {
        throw new SocketException("a stream's socket cannot listen");
    }

    @Override
    protected void accept(SocketImpl accepted) throws IOException {
        throw new SocketException("a stream's socket cannot accept");
    }

    // ---- input and output

    @Override
    protected InputStream getInputStream() {
        return new Input(stream.getInputStream());
    }

    @Override
    protected OutputStream getOutputStream() {
        return new Output(stream.getOutputStream());
    }

    @Override
    protected int available() throws IOException {
        return stream.getInputStream().available();
    }

    @Override
    protected void close() {
        closed = true;
        if (Integer.valueOf(0).equals(options.get(SocketOptions.SO_LINGER))) stream.reset();
        else stream.close();
        if (safetyNet != null) safetyNet.clean();
    }

    @Override
    protected void shutdownInput() {
        stream.shutdownInput();
    }

    @Override
    protected void shutdownOutput() {
        stream.shutdownOutput();
    }

    @Override
    protected boolean supportsUrgentData() {
        return false;
    }

    @Override
    protected void sendUrgentData(int data) throws IOException {
        throw new SocketException("Urgent data not supported");
    }

    // ---- options

    @Override
    public void setOption(int id, Object value) throws SocketException {
        if (closed) throw new SocketException("Socket closed");
        options.put(id, kept(id, value));
        if (id == SocketOptions.SO_TIMEOUT) stream.setReadTimeout(Duration.ofMillis((Integer) value));
    }

    /** Returns the value that a TCP socket would return. {@code Socket} validates values in its setters, but not in setOption. */
    private static Object kept(int id, Object value) {
        if (id == SocketOptions.SO_LINGER) {
            return value instanceof Integer seconds ? Math.max(-1, Math.min(seconds, MAX_LINGER)) : -1; // false: off
        }
        boolean isSize = id == SocketOptions.SO_RCVBUF || id == SocketOptions.SO_SNDBUF;
        if (isSize && (Integer) value < 0) throw new IllegalArgumentException("buffer size is negative: " + value);
        if (id == SocketOptions.IP_TOS && ((Integer) value & ~0xFF) != 0) {
            throw new IllegalArgumentException("IP_TOS is not between 0 and 255: " + value);
        }
        return value;
    }

    @Override
    public Object getOption(int id) throws SocketException {
        if (closed) throw new SocketException("Socket closed");
        Object value = options.get(id);
        if (value == null) throw new SocketException("unknown option " + id);
        return value;
    }

    @Override
    protected <T> void setOption(SocketOption<T> name, T value) throws IOException {
        Integer id = NAMES.get(name);
        if (id == null) throw new UnsupportedOperationException("'" + name + "' not supported");
        setOption(id, value);
    }

    @Override
    @SuppressWarnings("unchecked") // each value is stored with the type of its option
    protected <T> T getOption(SocketOption<T> name) throws IOException {
        Integer id = NAMES.get(name);
        if (id == null) throw new UnsupportedOperationException("'" + name + "' not supported");
        return (T) getOption(id.intValue());
    }

    @Override
    protected Set<SocketOption<?>> supportedOptions() {
        return NAMES.keySet();
    }

    /** Converts a failure to the exception that a TCP socket would throw. */
    private IOException translated(IOException e) {
        if (e instanceof SocketException || e instanceof InterruptedIOException) return e; // also timeouts
        String message = e.getMessage();
        if (closed) message = "Socket closed";
        else if (e instanceof StreamResetException || e instanceof SessionException) message = "Connection reset";
        else if (!stream.isOpen()) message = "Socket closed";
        return (IOException) new SocketException(message).initCause(e);
    }

    private final class Input extends FilterInputStream {
        Input(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            try {
                return in.read(to, offset, length);
            } catch (IOException e) {
                throw translated(e);
            } finally {
                Reference.reachabilityFence(StreamSocketImpl.this); // keeps the socket reachable during the call
            }
        }

        @Override
        public long skip(long count) throws IOException {
            try {
                return in.skip(count);
            } catch (IOException e) {
                throw translated(e);
            } finally {
                Reference.reachabilityFence(StreamSocketImpl.this);
            }
        }

        @Override
        public int available() throws IOException {
            try {
                return in.available();
            } catch (IOException e) {
                throw translated(e);
            }
        }
    }

    private final class Output extends OutputStream {
        private final OutputStream out;

        Output(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte @Nullable [] from, int offset, int length) throws IOException {
            if (from == null) throw new NullPointerException("from");
            try {
                out.write(from, offset, length);
            } catch (IOException e) {
                throw translated(e);
            } finally {
                Reference.reachabilityFence(StreamSocketImpl.this);
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
