package org.relay4j.yamux.io;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A listening socket on a loop. A failure affects only its own connection, never the listener. Loop thread only, except for
 * {@link #open} and {@link #address}.
 */
public final class Listener implements Loop.Handler {
    /*
     * A connection costs more than its accept: its registration, a stream or a handshake, and work on the other side. So
     * accepting is paced by time in passes with other work, and the kernel holds the rest of a flood. Connections that take more
     * time than that are a crowd, and each is read when it is accepted. If many come in a row and most have left, all that the
     * kernel holds are accepted at once, a few times a second at most. If they are very many, those that have left are dropped for a
     * second: they cost an accept, a read and a close. Accepting then pauses between turns, because a connection that is accepted
     * at once has not left yet.
     *
     * More than 300 lines with the options of opening a socket; the pace and the crowd are classes of their own.
     */

    /** Receives accepted connections. Called on the loop. */
    public interface Owner {
        /** Returns false to pause accepting: connections then wait in the kernel until {@link Listener#resume} is called. */
        boolean canAccept();

        /**
         * Receives a new connection, not yet configured. If this method throws, the listener resets the connection and
         * continues; the owner must undo its own accounting before it throws.
         */
        void accepted(SocketChannel channel);

        /** Returns the number of connections to accept in one pass of the loop, besides those that have left. */
        default int mostInAPass() {
            return ACCEPTS_PER_PASS;
        }

        /**
         * Returns whether a connection that has ended its direction without a byte may wait for an answer. If not, a flood of
         * connections that leave is found sooner. Constant. Without effect unless {@link #acceptedFromCrowd} is overridden.
         */
        default boolean servesThoseThatOnlyRead() {
            return true;
        }

        /**
         * Receives a new connection, as {@link #accepted} does, while more arrive than the loop has time for. Then up to 500 can
         * come at once, even if {@link #canAccept} would return false, or beyond {@link #mostInAPass}.
         *
         * @param mostLeave whether most connections leave at once, so that one that has left should be reset
         * @return whether the peer has left: it has sent nothing, and has ended its direction or the connection
         */
        default boolean acceptedFromCrowd(SocketChannel channel, boolean mostLeave) {
            accepted(channel);
            return false;
        }
    }

    private static final Logger log = LoggerFactory.getLogger(Listener.class);
    private static final int BACKLOG = 4096; // connections; the kernel lowers it to its own limit
    private static final int ACCEPTS_PER_PASS = 4; // few, so that tunnels get their turn during a flood

    /** The pause after a failed accept, nearly always caused by a lack of file descriptors. */
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(200);

    private Loop loop;
    private final ServerSocketChannel channel;
    private final Owner owner;
    private final InetSocketAddress address; // that of this machine with port 0 for a Unix-domain socket
    private final @Nullable SocketFile file; // null: a TCP port
    private SelectionKey key;
    private boolean paused; // after a failure, or while a crowd leaves
    private final Crowd crowd;
    private final AcceptTurns.Acceptor turns = new Turns();
    private final LimitedLog cannotAccept = new LimitedLog(log, Level.WARN);
    private final LimitedLog ownerFailed = new LimitedLog(log, Level.ERROR);

    @SuppressWarnings("NullAway.Init") // start sets the key, before the first callback of the loop
    private Listener(
            Loop loop, ServerSocketChannel channel, @Nullable SocketFile file, InetSocketAddress address, Owner owner) {
        this.loop = loop;
        this.channel = channel;
        this.file = file;
        this.address = address;
        this.owner = owner;
        crowd = new Crowd(owner.servesThoseThatOnlyRead());
    }

    /** Binds the socket, which reserves the port. Connections are accepted after {@link #start}. */
    public static Listener open(Loop loop, InetSocketAddress address, Owner owner) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        boolean bound = false;
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.configureBlocking(false);
            channel.bind(address, BACKLOG);
            bound = true;
            return new Listener(loop, channel, null, (InetSocketAddress) channel.getLocalAddress(), owner);
        } finally {
            if (!bound) Sockets.close(channel);
        }
    }

    /**
     * Creates a Unix-domain socket. Connections are accepted after {@link #start}.
     *
     * @throws java.net.BindException if that is not possible; the message has the path and the remedy
     */
    public static Listener open(Loop loop, Path path, SocketFile.Access access, Owner owner) throws IOException {
        SocketFile file = SocketFile.bind(path, BACKLOG, access);
        boolean opened = false;
        try {
            file.channel().configureBlocking(false);
            InetSocketAddress machine = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            Listener listener = new Listener(loop, file.channel(), file, machine, owner);
            opened = true;
            return listener;
        } finally {
            if (!opened) file.close();
        }
    }

    /** Starts accepting connections. */
    public void start() throws IOException {
        key = loop.register(channel, SelectionKey.OP_ACCEPT, this);
    }

    /**
     * Stops accepting, until {@link #start} is called on another loop. Visitors wait in the kernel. Has no effect if the listener is
     * on that loop already.
     */
    public void moveTo(Loop other) {
        if (other == loop) return;
        loop.accepting().remove(turns);
        loop.deregister(channel);
        loop = other;
    }

    /** Returns the local address, with the actual port. For a Unix-domain socket, it is a loopback address with port 0. */
    public InetSocketAddress address() {
        return address;
    }

    /** Resumes accepting after {@link Owner#canAccept} returned false. */
    public void resume() {
        if (!paused) interest(SelectionKey.OP_ACCEPT);
    }

    /**
     * Accepts the connections that the kernel holds, even if the owner would pause, closes the socket, and calls {@code then}. They
     * are as many as the kernel holds at most, so that a flood does not keep the listener open. On the loop's thread only.
     */
    public void acceptAndClose(Runnable then) {
        loop.deregister(channel);
        loop.execute(() -> acceptLast(then));
    }

    /**
     * A socket that is closed while the selector knows it stays open until the next selection, and the kernel resets what it has
     * accepted until then. So the selector must have forgotten the socket before the last connection is accepted.
     */
    private void acceptLast(Runnable then) {
        if (channel.isOpen() && channel.isRegistered()) {
            loop.execute(() -> acceptLast(then)); // a few times until the next selection
            return;
        }
        try {
            for (int n = 0; n < BACKLOG && channel.isOpen(); n++) {
                SocketChannel accepted = channel.accept();
                if (accepted == null) break;
                handOver(accepted);
            }
        } catch (IOException e) {
            cannotAccept.log("cannot accept on {}: {}", text(), String.valueOf(e.getMessage()));
        }
        close();
        then.run();
    }

    /** Closes the socket. Connections that were not accepted are refused. */
    public void close() {
        if (file == null) Sockets.close(channel);
        else file.close();
    }

    /** Returns the address for logs and messages, such as {@code 192.0.2.1:80} or {@code unix:/run/app.sock}. */
    public String text() {
        return file == null ? Sockets.text(address) : file.toString();
    }

    @Override
    public void ready(SelectionKey ready) {
        loop.accepting().add(turns);
    }

    /** What the loop has it do when there is time. */
    private final class Turns implements AcceptTurns.Acceptor {
        @Override
        public void accept(AcceptPace pace, boolean busy) {
            acceptSome(pace, busy);
        }

        @Override
        public String toString() {
            return Listener.this.toString();
        }
    }

    /** Returns what the loop has it do when there is time. */
    AcceptTurns.Acceptor turns() {
        return turns;
    }

    private void acceptSome(AcceptPace pace, boolean busy) {
        boolean crowded = crowd.isPresent(pace.now());
        boolean looks = crowded && crowd.isSuspected() && pace.beginLongTurn();
        int kept = 0;
        boolean goesOn = true;
        while (goesOn && channel.isOpen() && key.isValid()) {
            SocketChannel accepted;
            try {
                if (!owner.canAccept()) {
                    interest(0);
                    return;
                }
                if (looks) {
                    look(pace);
                    break;
                }
                accepted = channel.accept();
            } catch (IOException | RuntimeException | Error e) {
                pause(e);
                return;
            }
            if (accepted == null) {
                crowd.gap();
                break;
            }
            boolean left = false;
            if (crowded) {
                left = handOverFromCrowd(accepted, pace.now());
                crowd.count(left, pace.now());
            } else handOver(accepted);
            goesOn = pace.mayContinue(busy);
            if (pace.isSpent()) crowd.grows(pace.now());
            if (!left && ++kept >= owner.mostInAPass()) return; // the others in the next pass
        }
        if (crowded && crowd.isLeaving(pace.now())) rest(Crowd.PAUSE);
    }

    /** Accepts all that the kernel holds, as long as they are no flood, before it hands over the first: so nobody comes twice. */
    private void look(AcceptPace pace) throws IOException {
        List<SocketChannel> many = new ArrayList<>();
        try {
            while (many.size() < Crowd.FLOOD) {
                SocketChannel accepted = channel.accept();
                if (accepted == null) break;
                many.add(accepted);
            }
        } finally {
            crowd.gap();
            int left = 0;
            for (SocketChannel accepted : many) {
                if (!handOverFromCrowd(accepted, pace.now())) continue;
                left++;
                if (many.size() == Crowd.FLOOD && left == Crowd.FLOOD / 2 + 1) crowd.leaves(pace.now());
            }
            pace.mayContinue(true); // counts the time
            crowd.grows(pace.now());
        }
    }

    private boolean handOverFromCrowd(SocketChannel accepted, long now) {
        try {
            return owner.acceptedFromCrowd(accepted, crowd.isLeaving(now));
        } catch (RuntimeException | Error e) {
            failed(accepted, e);
            return false;
        }
    }

    private void handOver(SocketChannel accepted) {
        try {
            owner.accepted(accepted);
        } catch (RuntimeException | Error e) {
            failed(accepted, e);
        }
    }

    private void failed(SocketChannel accepted, Throwable failure) {
        Sockets.reset(accepted);
        ownerFailed.log("unexpected failure of {}: a connection was reset", this, failure);
    }

    @Override
    public void abandon(Throwable cause) {
        close();
    }

    private void pause(Throwable failure) {
        if (!channel.isOpen()) return;
        if (failure instanceof IOException) {
            cannotAccept.log(
                    "cannot accept on {}, trying again in 0.2 s: {}", text(), String.valueOf(failure.getMessage()));
        } else ownerFailed.log("unexpected failure of {}, trying again in 0.2 s", this, failure);
        rest(PAUSE);
    }

    private void rest(long time) {
        if (paused || !channel.isOpen() || !key.isValid()) return;
        paused = true;
        interest(0);
        loop.schedule(
                time,
                () -> loop.execute(() -> {
                    paused = false;
                    resume();
                }));
    }

    /** Another thread may close the socket at any time, which is no failure. */
    private void interest(int operations) {
        try {
            if (key.isValid()) key.interestOps(operations);
        } catch (CancelledKeyException e) {
            log.trace("closed meanwhile: {}", this);
        }
    }

    @Override
    public String toString() {
        return "listener " + text();
    }
}
