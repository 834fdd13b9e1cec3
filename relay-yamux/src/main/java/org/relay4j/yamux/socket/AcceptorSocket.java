package org.relay4j.yamux.socket;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The implementation of a {@link java.net.ServerSocket} that accepts connections from another source. Its port is already bound,
 * and options are stored without effect.
 */
public final class AcceptorSocket extends SocketImpl {
    private static final Map<SocketOption<?>, Integer> NAMES = Map.of(
            StandardSocketOptions.SO_RCVBUF, SocketOptions.SO_RCVBUF,
            StandardSocketOptions.SO_REUSEADDR, SocketOptions.SO_REUSEADDR,
            StandardSocketOptions.SO_REUSEPORT, SocketOptions.SO_REUSEPORT);

    private final Map<Integer, Object> options = new ConcurrentHashMap<>();
    private volatile Runnable onClose = () -> {};
    private volatile @Nullable InetSocketAddress bound;

    /** Creates an unbound socket. */
    public AcceptorSocket() {
        options.put(SocketOptions.SO_TIMEOUT, 0);
        options.put(SocketOptions.SO_RCVBUF, 256 * 1024);
        options.put(SocketOptions.SO_REUSEADDR, true);
        options.put(SocketOptions.SO_REUSEPORT, false);
    }

    /** Sets the action that runs when the server socket is closed. */
    public void onClose(Runnable action) {
        onClose = action;
    }

    @Override
    protected void create(boolean isStream) {}

    @Override
    protected void bind(InetAddress host, int port) {
        bound = new InetSocketAddress(host, port);
        options.put(SocketOptions.SO_BINDADDR, host);
    }

    @Override
    protected @Nullable InetAddress getInetAddress() {
        InetSocketAddress current = bound;
        return current == null ? null : current.getAddress();
    }

    @Override
    protected int getLocalPort() {
        InetSocketAddress current = bound;
        return current == null ? 0 : current.getPort();
    }

    @Override
    protected void listen(int backlog) {}

    @Override
    protected void close() {
        onClose.run();
    }

    @Override
    public void setOption(int id, Object value) {
        if (id == SocketOptions.SO_RCVBUF && (Integer) value < 0) {
            throw new IllegalArgumentException("buffer size is negative: " + value);
        }
        options.put(id, value);
    }

    @Override
    public Object getOption(int id) throws SocketException {
        Object value = options.get(id);
        if (value == null) throw new SocketException("unknown option " + id);
        return value;
    }

    @Override
    protected <T> void setOption(SocketOption<T> name, T value) {
        setOption(id(name), value);
    }

    @Override
    @SuppressWarnings("unchecked") // each value is stored with the type of its option
    protected <T> T getOption(SocketOption<T> name) throws IOException {
        return (T) getOption(id(name));
    }

    @Override
    protected Set<SocketOption<?>> supportedOptions() {
        return NAMES.keySet();
    }

    private static int id(SocketOption<?> name) {
        Integer id = NAMES.get(name);
        if (id == null) throw new UnsupportedOperationException("'" + name + "' not supported");
        return id;
    }

    // ---- a listening socket has no connection

    @Override
    protected void connect(String host, int port) throws IOException {
        throw notConnected();
    }

    @Override
    protected void connect(InetAddress host, int port) throws IOException {
        throw notConnected();
    }

    @Override
    protected void connect(SocketAddress to, int timeout) throws IOException {
        throw notConnected();
    }

    @Override
    protected void accept(SocketImpl accepted) throws IOException {
        throw new SocketException("accepted by the server socket itself");
    }

    @Override
    protected InputStream getInputStream() throws IOException {
        throw notConnected();
    }

    @Override
    protected OutputStream getOutputStream() throws IOException {
        throw notConnected();
    }

    @Override
    protected int available() throws IOException {
        throw notConnected();
    }

    @Override
    protected void sendUrgentData(int data) throws IOException {
        throw notConnected();
    }

    private static SocketException notConnected() {
        return new SocketException("a listening socket is not connected");
    }
}
