package org.relay4j.yamux.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A listening socket on a loop. A failure costs the connection that it concerns, and never the listener. Loop thread only,
 * except for {@link #open} and {@link #address}.
 */
public final class Listener implements Loop.Handler {
    /** Receives the connections. Called on the loop. */
    public interface Owner {
        /** False while no more can be accepted: connections then wait in the kernel until {@link Listener#resume}. */
        boolean canAccept();

        /**
         * Receives a new connection, not yet configured. When this throws, the connection is reset and the listener goes on:
         * what the owner has counted for it, the owner gives back.
         */
        void accepted(SocketChannel channel);
    }

    private static final Logger log = LoggerFactory.getLogger(Listener.class);
    private static final int BACKLOG = 4096; // connections; the kernel lowers it to its own limit
    private static final int ACCEPTS_PER_PASS = 64;

    /** How long accepting pauses after a failure, which nearly always means that the process is out of files. */
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(200);

    private final Loop loop;
    private final ServerSocketChannel channel;
    private final Owner owner;
    private final InetSocketAddress address;
    private SelectionKey key;
    private boolean paused; // after a failure
    private final LimitedLog cannotAccept = new LimitedLog(log, Level.WARN);
    private final LimitedLog ownerFailed = new LimitedLog(log, Level.ERROR);

    @SuppressWarnings("NullAway.Init") // the key is set by start, before the loop can call anything
    private Listener(Loop loop, ServerSocketChannel channel, Owner owner) throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.owner = owner;
        address = (InetSocketAddress) channel.getLocalAddress();
    }

    /** Binds. The port is taken from now on; connections are accepted after {@link #start}. */
    public static Listener open(Loop loop, InetSocketAddress address, Owner owner) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        boolean bound = false;
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.configureBlocking(false);
            channel.bind(address, BACKLOG);
            bound = true;
            return new Listener(loop, channel, owner);
        } finally {
            if (!bound) Sockets.close(channel);
        }
    }

    /** Begins to accept. */
    public void start() throws IOException {
        key = loop.register(channel, SelectionKey.OP_ACCEPT, this);
    }

    /** The address that is listened on, with the port that was chosen. */
    public InetSocketAddress address() {
        return address;
    }

    /** Accepts again, after the owner could not. */
    public void resume() {
        if (!paused && key.isValid()) key.interestOps(SelectionKey.OP_ACCEPT);
    }

    /** Closes the socket; connections that were not accepted are refused. */
    public void close() {
        Sockets.close(channel);
    }

    @Override
    public void ready(SelectionKey ready) {
        for (int n = 0; n < ACCEPTS_PER_PASS && channel.isOpen(); n++) {
            SocketChannel accepted;
            try {
                if (!owner.canAccept()) {
                    if (key.isValid()) key.interestOps(0);
                    return;
                }
                accepted = channel.accept();
            } catch (IOException | RuntimeException | Error e) {
                pause(e);
                return;
            }
            if (accepted == null) return;
            handOver(accepted);
        }
    }

    private void handOver(SocketChannel accepted) {
        try {
            owner.accepted(accepted);
        } catch (RuntimeException | Error e) {
            Sockets.reset(accepted);
            ownerFailed.log("unexpected failure of {}: a connection was reset", this, e);
        }
    }

    @Override
    public void abandon(Throwable cause) {
        close();
    }

    private void pause(Throwable failure) {
        if (!channel.isOpen()) return;
        if (failure instanceof IOException) {
            cannotAccept.log("cannot accept on {}, trying again in 0.2 s: {}", address, failure.getMessage());
        } else ownerFailed.log("unexpected failure of {}, trying again in 0.2 s", this, failure);
        paused = true;
        key.interestOps(0);
        loop.schedule(PAUSE, () -> {
            paused = false;
            resume();
        });
    }

    @Override
    public String toString() {
        return "listener " + address;
    }
}
