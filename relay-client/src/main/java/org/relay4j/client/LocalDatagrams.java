package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.DatagramStream;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.UdpSocket;

/**
 * One visitor of a UDP port, and its socket towards the local service. On the loop of its connection. The server ends the stream of
 * a silent visitor; in case it does not, this side does so later.
 */
final class LocalDatagrams implements DatagramStream.Owner, UdpSocket.Owner {
    /** Unit: nanoseconds. */
    static final long IDLE_TIMEOUT = TimeUnit.MINUTES.toNanos(70); // the longest that a server may allow is an hour

    private final DatagramForwardService service;
    private final ServiceConnection on;
    private final LoopDriver driver;
    private final @Nullable ProxyHeader header; // null: the stream has none
    private InetSocketAddress address;
    private UdpSocket socket;
    private DatagramStream stream;
    private Loop.Timer timer;
    private long activeAt; // ns
    private boolean answered;
    private boolean ended;

    @SuppressWarnings("NullAway.Init") // begin sets the rest, before the first callback
    LocalDatagrams(DatagramForwardService service, ServiceConnection on, @Nullable ProxyHeader header) {
        this.service = service;
        this.on = on;
        driver = on.driver();
        this.header = header;
    }

    /** Returns the header of its stream; null if it has none. */
    @Nullable
    ProxyHeader header() {
        return header;
    }

    /** Accepts its stream and opens its socket, with the session's lock held. */
    StreamHandler begin(MuxStream accepted, InetSocketAddress to) throws IOException {
        address = to;
        UdpSocket opened = UdpSocket.connect(driver.loop(), to, this);
        socket = opened;
        boolean begun = false;
        try {
            opened.start();
            begun = true;
        } finally {
            if (!begun) opened.close();
        }
        activeAt = System.nanoTime();
        timer = driver.loop().schedule(IDLE_TIMEOUT, this::checkIdleTime);
        stream = DatagramStream.accept(driver, accepted, service.memory(), this);
        return stream;
    }

    private void checkIdleTime() {
        long left = IDLE_TIMEOUT - (System.nanoTime() - activeAt);
        if (left > 0) timer = driver.loop().schedule(left, this::checkIdleTime);
        else end(0, null);
    }

    /** A datagram from the visitor; with the session's lock held. */
    @Override
    public void received(ByteBuffer datagram) {
        activeAt = System.nanoTime();
        try {
            socket.send(datagram, address); // a full send buffer drops it, as in any network
        } catch (IOException e) {
            failed(e);
        }
    }

    /** A datagram from the service. */
    @Override
    public void received(ByteBuffer datagram, InetSocketAddress from) {
        activeAt = System.nanoTime();
        answered = true;
        driver.lock.lock();
        try {
            stream.send(datagram);
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void failed(IOException failure) {
        if (ended) return;
        boolean refused = failure instanceof PortUnreachableException;
        if (refused && !answered) service.refused(address);
        service.unreachable(on, refused ? new IOException("nobody listens at " + HostPort.text(address)) : failure);
        end(DatagramStream.REFUSED, failure);
    }

    /** The service was closed. */
    void close() {
        end(DatagramStream.REFUSED, new IOException("the service was closed"));
    }

    private void end(int code, @Nullable IOException failure) {
        driver.lock.lock();
        try {
            if (ended) return;
            stream.end(code);
            left(failure);
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void dropped(int datagrams) {
        // The server does not read fast enough. As in any network, nobody is notified.
    }

    /** The server resets the stream of a visitor that is silent, so only the end of the session is a failure. */
    @Override
    public void ended(@Nullable Cause cause) {
        boolean silent = cause == null || cause.kind() == Cause.Kind.RESET_BY_PEER;
        left(cause == null || silent ? null : new IOException(cause.message(), cause.error()));
    }

    private void left(@Nullable IOException failure) {
        if (ended) return;
        ended = true;
        timer.cancel();
        socket.close();
        service.left(on, stream.stream(), this, () -> failure);
    }

    @Override
    public String toString() {
        InetSocketAddress visitor = header == null ? null : header.source();
        return "UDP visitor " + (visitor == null ? "of unknown address" : HostPort.text(visitor));
    }
}
