package org.relay4j.spring;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;

/**
 * The tunnel to the application's web server. It is there to be injected before there is a web server: until that runs it is
 * not open and has no public address. After the application was stopped and started again it is another forwarder.
 */
final class WebTunnel implements Tunnel {
    private final InetSocketAddress server; // the name, not an address: it is resolved for each connection
    private final RelayClientOptions options;
    private volatile @Nullable Tunnel forwarder; // the newest; null before the first
    private volatile @Nullable Throwable cause; // of the loss; null while open, and when it was closed
    private volatile CompletableFuture<Void> closing = CompletableFuture.completedFuture(null);

    /**
     * Does not connect yet.
     *
     * @param listener told about this tunnel
     */
    WebTunnel(InetSocketAddress server, RelayClientOptions.Builder options, TunnelListener listener) {
        this.server = server;
        this.options = options.listener(new Recorder(listener)).build();
    }

    /**
     * Gets a public port. Blocks as {@link RelayClient#forward} does, and first for the end of the tunnel before.
     *
     * @param local the web server
     * @throws UncheckedIOException when there is no tunnel to be had
     */
    void open(InetSocketAddress local) {
        closing.join();
        try {
            forwarder = RelayClient.forward(server.getHostString(), server.getPort(), local, options);
        } catch (IOException e) {
            throw new UncheckedIOException("no tunnel to the web server", e);
        }
    }

    /** Begins {@link #close(Duration)} and returns at once. */
    void startClosing(Duration timeout) {
        closing = CompletableFuture.runAsync(
                () -> {
                    try {
                        close(timeout);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                WebTunnel::execute);
    }

    /** Runs {@code then} when what {@link #startClosing} began is done, at once when it was not called. */
    void whenClosed(Runnable then) {
        closing.whenComplete((nothing, failure) -> then.run());
    }

    private static void execute(Runnable task) {
        Thread thread = new Thread(task, "relay-closing");
        thread.setDaemon(true);
        thread.start();
    }

    /** Why the tunnel was lost; null while it stands, before it was opened, and when this side closed it. */
    @Nullable
    Throwable cause() {
        return cause;
    }

    /** True once there was a tunnel. */
    boolean wasOpened() {
        return forwarder != null;
    }

    /** {@inheritDoc} @throws IllegalStateException before the web server runs */
    @Override
    public InetSocketAddress publicAddress() {
        Tunnel current = forwarder;
        if (current == null) {
            throw new IllegalStateException("there is no public address yet: the tunnel starts after the web server");
        }
        return current.publicAddress();
    }

    /** The control address of the relay server; not resolved before the web server runs. */
    @Override
    public InetSocketAddress serverAddress() {
        Tunnel current = forwarder;
        return current == null ? server : current.serverAddress();
    }

    @Override
    public boolean isOpen() {
        Tunnel current = forwarder;
        return current != null && current.isOpen();
    }

    @Override
    public void close() throws IOException {
        Tunnel current = forwarder;
        if (current != null) current.close();
    }

    @Override
    public boolean close(Duration timeout) throws IOException {
        Tunnel current = forwarder;
        return current == null || current.close(timeout);
    }

    @Override
    public String toString() {
        return "WebTunnel[" + (forwarder == null ? "not opened" : forwarder) + "]";
    }

    /** Notes what happens to the tunnel, and passes it on as being about the bean. */
    private final class Recorder implements TunnelListener {
        private final TunnelListener next;

        Recorder(TunnelListener next) {
            this.next = next;
        }

        @Override
        public void up(Tunnel tunnel) {
            forwarder = tunnel; // the first call may come before open() knows it
            cause = null;
            next.up(WebTunnel.this);
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable why, boolean willRetry) {
            cause = why;
            next.down(WebTunnel.this, why, willRetry);
        }
    }
}
