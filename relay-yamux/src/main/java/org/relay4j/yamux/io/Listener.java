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

/** A listening socket on a loop. Loop thread only, except for {@link #open} and {@link #address}. */
public final class Listener implements Loop.Handler {
    /** Who takes the connections. Called on the loop. */
    public interface Owner {
        /** False while nothing more can be taken: connections then wait in the kernel until {@link Listener#resume}. */
        boolean canAccept();

        /** A new connection, not yet configured. */
        void accepted(SocketChannel channel);
    }

    private static final Logger log = LoggerFactory.getLogger(Listener.class);
    private static final int BACKLOG = 4096; // connections; the kernel lowers it to its own limit
    private static final int ACCEPTS_PER_PASS = 64;

    /** How long accepting pauses after a failure, which nearly always means that the process is out of files. */
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(200);

    private static final long WARN_EVERY = TimeUnit.SECONDS.toNanos(1);

    private final Loop loop;
    private final ServerSocketChannel channel;
    private final Owner owner;
    private final InetSocketAddress address;
    private SelectionKey key;
    private boolean paused; // after a failure
    private long warned; // ns

    @SuppressWarnings("NullAway.Init") // the key is set by start, before the loop can call anything
    private Listener(Loop loop, ServerSocketChannel channel, Owner owner) throws IOException {
        this.loop = loop;
        this.channel = channel;
        this.owner = owner;
        address = (InetSocketAddress) channel.getLocalAddress();
        warned = System.nanoTime() - WARN_EVERY;
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
            if (!owner.canAccept()) {
                if (key.isValid()) key.interestOps(0);
                return;
            }
            SocketChannel accepted;
            try {
                accepted = channel.accept();
            } catch (IOException e) {
                pause(e);
                return;
            }
            if (accepted == null) return;
            handOver(accepted);
        }
    }

    private void handOver(SocketChannel accepted) {
        boolean taken = false;
        try {
            owner.accepted(accepted);
            taken = true;
        } finally {
            if (!taken) Sockets.reset(accepted); // a defect of the owner, which nobody else would close it after
        }
    }

    @Override
    public void abandon(Throwable cause) {
        close();
    }

    private void pause(IOException failure) {
        if (!channel.isOpen()) return;
        long now = System.nanoTime();
        if (now - warned >= WARN_EVERY) {
            warned = now;
            log.warn("cannot accept on {}, trying again in 0.2 s: {}", address, failure.getMessage());
        }
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
