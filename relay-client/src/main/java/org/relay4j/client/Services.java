package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;

/** The endpoints of a tunnel, which are opened one by one, and the services behind them. Safe for use by several threads. */
final class Services implements TunnelOwner {
    private final RelayClientOptions options;
    private final EndpointTable endpoints;
    private final EndpointRequests requests;
    private final ClientTunnel tunnel;

    /** @param shown the tunnel to pass to the listener; null means that of the services */
    Services(InetSocketAddress server, RelayClientOptions options, @Nullable Tunnel shown) {
        this.options = options;
        endpoints = new EndpointTable(options);
        Service router = new VisitorRouter(endpoints);
        tunnel = new ClientTunnel(server, options, Connector.to(router, options), this, shown);
        requests = new EndpointRequests(endpoints, tunnel, options);
    }

    ClientTunnel tunnel() {
        return tunnel;
    }

    Backoff backoff() {
        return endpoints.backoff();
    }

    // ---- opening

    /**
     * Opens an endpoint. Blocks until the server has answered, at most for the handshake timeout; if the endpoint is retried, until it
     * is open. Then it is in the lease file, if there is one, so that the next process has the same endpoint.
     *
     * @throws RelayRefusedException if the server refuses it
     */
    void open(ServedEndpoint one) throws IOException {
        endpoints.add(one);
        boolean made = false;
        try {
            requests.open(one);
            await(one);
            requests.keep(one);
            made = true;
        } finally {
            if (!made) one.closeNow(); // it may have been opened just now
        }
    }

    private void await(ServedEndpoint one) throws IOException {
        Duration timeout = options.handshakeTimeout();
        try {
            if (one.options.retryFirst()) one.first.get();
            else one.first.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RelayRefusedException refused) {
                throw copy(refused);
            }
            throw failure(e.getCause());
        } catch (TimeoutException e) {
            RelayRefusedException refusal = one.refusal;
            if (refusal != null) throw copy(refusal);
            String server = HostPort.text(tunnel.serverAddress());
            throw new RelayUnreachableException(
                    tunnel.isOpen()
                            ? server + " did not open " + one.wanted + " within " + Dial.seconds(timeout)
                            : "the tunnel to " + server + " is down, and was not up again within "
                                    + Dial.seconds(timeout),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Dial.interrupted();
        }
    }

    /** Returns the exception with the stack of this thread. */
    private static RelayRefusedException copy(RelayRefusedException refused) {
        return new RelayRefusedException(String.valueOf(refused.getMessage()), refused.code(), refused.detail());
    }

    private static IOException failure(@Nullable Throwable cause) {
        if (cause instanceof SocketException ended) return new SocketException(ended.getMessage());
        return new RelayProtocolException(cause == null ? "no answer" : String.valueOf(cause.getMessage()), cause);
    }

    @Override
    public void connected() {
        for (ServedEndpoint one : endpoints.all()) {
            one.notOpened();
            requests.open(one);
        }
    }

    /** The local service of an endpoint is up or down: the endpoint is withdrawn meanwhile. Does not block. */
    void ready(ServedEndpoint one, boolean ready) {
        one.withdrawn(!ready);
        requests.ready(one, ready);
    }

    // ---- closing

    /** Gives an endpoint back. Blocks while the lease file is written, if there is one. Only the first call has an effect. */
    void close(ServedEndpoint one) {
        if (endpoints.remove(one)) requests.close(one);
    }

    /** There are no further endpoints. */
    void end() {
        endpoints.end();
    }

    /** Has no further visitors wait, and takes none that would have to be waited for. */
    void stopWaiting() {
        endpoints.all().forEach(one -> one.service.stopWaiting());
    }

    @Override
    public void over(@Nullable Throwable cause) {
        end();
        for (ServedEndpoint one : endpoints.all()) {
            one.over(cause);
            one.first.completeExceptionally(new SocketException("the tunnel has ended"));
        }
        endpoints.clear();
    }

    /** Returns the endpoints in the order in which they were opened. */
    List<ServedEndpoint> all() {
        return endpoints.all();
    }

    /** Returns a key for a service without a name. */
    String keyOf(Endpoint endpoint) {
        return endpoints.keyOf(endpoint);
    }
}
