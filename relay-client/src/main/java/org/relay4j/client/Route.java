package org.relay4j.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import org.relay4j.api.RelayProxyException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to a relay server: directly, or through a proxy of the options. A proxy resolves the server's name. Blocks its thread,
 * which may be interrupted.
 */
final class Route {
    /*
     * The proxies of the selector are tried in its order, and a direct connection where it says so. One timeout covers all: each
     * gets an equal share of the time that is left, so that one that does not answer leaves time for the next.
     */
    private static final Logger log = LoggerFactory.getLogger(Route.class);

    /** The number of proxies that are tried; further ones are ignored. */
    static final int MOST_PROXIES = 16;

    /** Connects without a proxy. */
    interface Direct {
        /** Blocks at most for the timeout. */
        Dial.Dialed connect(Duration timeout) throws IOException;
    }

    private final String host;
    private final int port;
    private final RelayClientOptions options;
    private final boolean urgent; // visitors wait

    Route(String host, int port, RelayClientOptions options, boolean urgent) {
        this.host = host;
        this.port = port;
        this.options = options;
        this.urgent = urgent;
    }

    /**
     * Connects.
     *
     * @param timeout of everything, except a selector that blocks
     * @throws RelayProxyException if a proxy cannot be used
     * @throws RelayUnreachableException if a direct connection fails
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    Reached connect(Duration timeout, Direct direct) throws IOException {
        ProxySelector selector = options.proxySelector();
        if (selector == null) return Reached.directly(direct.connect(timeout));
        URI server = uri();
        long deadline = System.nanoTime() + timeout.toNanos();
        List<Proxy> proxies = select(selector, server);
        IOException last = null;
        for (int i = 0; i < proxies.size(); i++) {
            long left = Math.max(1_000_000, deadline - System.nanoTime());
            Duration share = Duration.ofNanos(left / (proxies.size() - i));
            Proxy proxy = proxies.get(i);
            try {
                boolean none = proxy.type() == Proxy.Type.DIRECT;
                return none ? Reached.directly(direct.connect(share)) : through(proxy, share);
            } catch (InterruptedIOException e) {
                throw e;
            } catch (IOException e) {
                log.debug("{}", e.getMessage());
                if (last != null) e.addSuppressed(last);
                last = e;
                failed(selector, server, proxy, e);
            }
        }
        throw last == null
                ? new RelayProxyException("the proxy selector has no proxy for " + server, false, null)
                : last;
    }

    // ---- the selector, which is the application's

    /** Returns the URI that a selector is asked for. Selectors know https, for which proxies connect as they do here. */
    private URI uri() throws RelayProxyException {
        try {
            return new URI("https", Sockets.text(ProxyRequest.ascii(host), port), "/", null, null);
        } catch (URISyntaxException e) {
            throw new RelayProxyException(
                    "a proxy cannot be asked for the host " + ProxyRequest.quoted(host) + "; use a host name",
                    false,
                    e);
        }
    }

    private static List<Proxy> select(ProxySelector selector, URI server) throws RelayProxyException {
        try {
            List<Proxy> proxies = selector.select(server);
            return List.copyOf(proxies.subList(0, Math.min(proxies.size(), MOST_PROXIES)));
        } catch (RuntimeException e) {
            throw new RelayProxyException("the proxy selector failed for " + server + ": " + e, false, e);
        }
    }

    private static void failed(ProxySelector selector, URI server, Proxy proxy, IOException failure) {
        if (proxy.type() == Proxy.Type.DIRECT) return;
        try {
            selector.connectFailed(server, proxy.address(), failure);
        } catch (RuntimeException e) {
            log.debug("the proxy selector failed", e);
        }
    }

    // ---- a proxy

    private Reached through(Proxy proxy, Duration timeout) throws IOException {
        if (!(proxy.address() instanceof InetSocketAddress address) || address.getPort() == 0) {
            throw new RelayProxyException(
                    "the proxy selector returned " + proxy + ", which has no host and port", false, null);
        }
        ProxyRequest request = ProxyRequest.of(HostPort.text(address), host, port, options.proxyCredentials());
        long deadline = System.nanoTime() + timeout.toNanos();
        SocketChannel channel = dial(address, timeout);
        boolean ready = false;
        try {
            Sockets.configure(channel);
            Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
            try (Conversation conversation = new Conversation(new PlainWire(channel), left)) {
                if (proxy.type() == Proxy.Type.HTTP) HttpConnect.run(conversation, request);
                else Socks5.run(conversation, request);
            } catch (IOException e) {
                throw explained(e, request);
            }
            ready = true;
            return new Reached(channel, host, port, null, null);
        } finally {
            if (!ready) Sockets.close(channel);
        }
    }

    private SocketChannel dial(InetSocketAddress proxy, Duration timeout) throws IOException {
        try {
            return Dial.connectToProxy(proxy, timeout, urgent);
        } catch (RelayUnreachableException e) {
            throw new RelayProxyException(e.getMessage() + "; check the proxy's address", false, e);
        }
    }

    private static IOException explained(IOException failure, ProxyRequest request) {
        if (failure instanceof SocketTimeoutException) {
            return request.failure("did not connect to " + request.server()
                    + " in time; check both addresses, or allow more time to connect");
        }
        if (failure instanceof EOFException) {
            return request.failure("closed the connection before it had answered; check its address and its kind");
        }
        if (failure instanceof InterruptedIOException || failure instanceof RelayProxyException) return failure;
        return request.failure("ended the connection before it had answered: " + Dial.text(failure));
    }
}
