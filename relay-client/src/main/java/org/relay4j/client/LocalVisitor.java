package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Splice;
import org.relay4j.yamux.io.UnixSockets;

/**
 * One visitor of a forwarder, and its connection to the local service. The addresses of the service are tried in order, each
 * with a timeout. On the loop of the tunnel, with the session's lock held.
 */
final class LocalVisitor implements Splice.Owner {
    private final ForwardService service;
    private final ServiceConnection on;
    private final MuxStream stream;
    private final @Nullable ProxyHeader header; // null: the stream has none
    private List<SocketAddress> addresses;
    private int tried; // how many of the addresses
    private @Nullable Splice splice; // with the service
    private @Nullable BusyService waiting; // the first connect failed because of a full backlog
    private @Nullable IOException full; // the last connect failed only because the backlog of the service was full
    private Loop.@Nullable Timer timer; // while a connect is in progress

    /** @param header the header of the stream, which has been read; null if it has none */
    LocalVisitor(ForwardService service, ServiceConnection on, MuxStream stream, @Nullable ProxyHeader header) {
        this.service = service;
        this.on = on;
        this.stream = stream;
        this.header = header;
        addresses = service.local().addresses();
    }

    /** Returns the header of its stream; null if it has none. */
    @Nullable
    ProxyHeader header() {
        return header;
    }

    /** Starts to connect. Returns null if every address failed at once, after a call of {@link ForwardService#unreachable}. */
    @Nullable
    StreamHandler connect() {
        Splice connecting = attempt();
        if (connecting != null || full == null) return connecting;
        BusyService busy = new BusyService(this, on.driver(), stream, service.localConnectTimeout());
        waiting = busy;
        return busy;
    }

    /** Starts to connect again after {@link #full}, and returns as {@link #connect} does, but null if it is full again. */
    @Nullable
    Splice retry() {
        full = null;
        addresses = service.local().addresses();
        tried = 0;
        return attempt();
    }

    /** Returns why the last connect has failed, if the backlog of the service was full; null otherwise. */
    @Nullable
    IOException full() {
        return full;
    }

    /** Resets the visitor. On the loop, without the lock. */
    void abandon(IOException cause) {
        Splice current = splice;
        if (current != null) current.abandon(cause);
        else if (waiting != null) waiting.abandon(cause);
    }

    /** The visitor cannot be connected. The failure is reported, unless it left by itself. */
    void giveUp(@Nullable IOException unreachable, Throwable failure) {
        if (unreachable != null) service.unreachable(on, unreachable);
        service.left(on, stream, this, failure);
    }

    private @Nullable Splice attempt() {
        IOException failure = new IOException("its host has no address");
        for (SocketChannel channel; (channel = next(failure)) != null; ) {
            boolean joined = false;
            try {
                Splice accepted = Splice.accept(on.driver(), stream, channel, this, greeting());
                joined = true;
                splice = accepted;
                if (!accepted.wasConnected()) limit(accepted);
                return accepted;
            } catch (IOException e) {
                failure = e;
            } finally {
                if (!joined) Sockets.close(channel);
            }
        }
        return null;
    }

    private byte @Nullable [] greeting() {
        ProxyProtocol protocol = service.proxyProtocol();
        return protocol == null || header == null ? null : protocol.encode(header);
    }

    /** Starts the next connect that does not fail at once; returns null, after a report, if no address is left. */
    private @Nullable SocketChannel next(IOException before) {
        IOException failure = before;
        while (tried < addresses.size()) {
            try {
                return begin(addresses.get(tried++));
            } catch (BusyService.Failure e) {
                full = e;
                return null;
            } catch (IOException e) {
                failure = e;
            }
        }
        service.unreachable(on, failure);
        return null;
    }

    private static SocketChannel begin(SocketAddress to) throws IOException {
        return to instanceof UnixDomainSocketAddress unix ? connectUnix(unix) : connect(SocketChannel.open(), to);
    }

    /** Never waits: the connect has succeeded or failed when it returns. */
    private static SocketChannel connectUnix(UnixDomainSocketAddress to) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            return connect(channel, to);
        } catch (IOException e) {
            String reason = UnixSockets.reason(to, e);
            throw reason == null ? new BusyService.Failure(e) : new IOException(reason, e);
        }
    }

    private static SocketChannel connect(SocketChannel channel, SocketAddress to) throws IOException {
        boolean begun = false;
        try {
            Sockets.configure(channel);
            channel.connect(to);
            begun = true;
            return channel;
        } finally {
            if (!begun) Sockets.close(channel);
        }
    }

    private void limit(Splice splice) {
        LoopDriver driver = on.driver();
        Duration timeout = service.localConnectTimeout();
        timer = driver.loop().schedule(timeout.toNanos(), () -> {
            driver.lock.lock();
            try {
                timer = null;
                splice.failConnect(new SocketTimeoutException("no answer within " + timeout.toMillis() + " ms"));
                driver.flush();
            } finally {
                driver.lock.unlock();
            }
        });
    }

    private void cancelTimer() {
        if (timer != null) timer.cancel();
        timer = null;
    }

    @Override
    public void connected(Splice splice) {
        cancelTimer();
    }

    @Override
    public @Nullable SocketChannel connectAgain(Splice splice, IOException failure) {
        cancelTimer();
        SocketChannel next = next(failure);
        if (next != null) limit(splice);
        return next;
    }

    @Override
    public void ended(Splice splice, @Nullable Throwable failure) {
        cancelTimer();
        service.left(on, stream, this, failure);
    }

    @Override
    public String toString() {
        InetSocketAddress visitor = header == null ? null : header.source();
        String who = visitor == null ? "" : " from " + HostPort.text(visitor);
        if (header != null && header.uniqueId() != null) who += " (" + header.uniqueId() + ")";
        return "visitor " + Integer.toUnsignedString(stream.id()) + who
                + (tried == 0 ? "" : " of " + HostPort.text(addresses.get(tried - 1)));
    }
}
