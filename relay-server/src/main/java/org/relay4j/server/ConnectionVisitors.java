package org.relay4j.server;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The visitors of one connection: takes them over from the loop of the tunnel, and opens their streams. On the loop of the
 * connection, unless a method says otherwise.
 */
final class ConnectionVisitors {
    private static final Logger log = LoggerFactory.getLogger(ConnectionVisitors.class);

    private final TunnelConnection connection;
    private final LoopDriver driver;
    private final AtomicInteger present = new AtomicInteger(); // and those on the way from the tunnel's loop
    private final ConnectionTraffic traffic = new ConnectionTraffic(System.nanoTime()); // on the tunnel's loop
    private final ArrayDeque<ServerVisitor> unanswered =
            new ArrayDeque<>(0); // of a tunnel with a lease, in their order
    private volatile boolean full; // a visitor from the tunnel's loop found no room for its stream

    ConnectionVisitors(TunnelConnection connection, LoopDriver driver) {
        this.connection = connection;
        this.driver = driver;
    }

    /** Returns the number of visitors that the connection carries. From any thread. */
    int present() {
        return present.get();
    }

    // ---- on the tunnel's loop

    /** Returns how much the connection moves: 0 for little, and one more for each doubling. */
    int traffic() {
        return traffic.level(System.nanoTime(), () -> connection.bytesIn() + connection.bytesOut());
    }

    /**
     * The connection has moved that many bytes, so that traffic that has ended does not count any more.
     *
     * @param now ns
     */
    void moved(long now, long total) {
        traffic.seen(now, total);
    }

    /** Returns whether there is room for one more. If not, and it is a matter of time, {@link TunnelConnection#openable} is called. */
    boolean haveRoom() {
        return driver.loop().isCurrent() ? findRoom() : !full;
    }

    /** Takes a visitor, which its queue has counted. */
    void take(Arrival visitor, VisitorQueue queue) {
        present.incrementAndGet();
        Loop loop = driver.loop();
        if (loop.isCurrent()) open(visitor, queue);
        else {
            queue.passed();
            loop.execute(() -> takeOver(visitor, queue));
        }
    }

    /** Counts a visitor of another node of the cluster, until {@link #left()}, and returns the session for its stream. */
    LoopDriver takeFromPeer() {
        present.incrementAndGet();
        connection.watch();
        return driver;
    }

    /** Opens the stream of a visitor of a UDP port, which is dropped if there is no room. */
    void carry(UdpVisitor visitor) {
        Loop loop = driver.loop();
        if (loop.isCurrent()) open(visitor);
        else {
            loop.execute(() -> {
                if (takesOver()) open(visitor);
                else visitor.leave();
            });
        }
    }

    // ---- on the connection's loop

    /** There may be room again. */
    void openable() {
        full = false;
    }

    private boolean findRoom() {
        driver.lock.lock();
        try {
            OpenState state = driver.mux().openState();
            if (state == OpenState.WAIT) driver.mux().awaitOpenable();
            if (state == OpenState.EXHAUSTED) connection.retire();
            return state == OpenState.READY;
        } finally {
            driver.lock.unlock();
        }
    }

    /** Returns whether a visitor from the tunnel's loop gets a stream. */
    private boolean takesOver() {
        if (connection.willTakeVisitors() && findRoom())
            return true; // the client may have said meanwhile that it will not
        full = !connection.isEnding();
        return false;
    }

    /** A visitor comes from the loop of the tunnel; it goes back if there is no room for its stream. */
    private void takeOver(Arrival visitor, VisitorQueue queue) {
        Loop loop = driver.loop();
        if (loop.isLeaving(visitor.channel())) {
            loop.execute(
                    () -> takeOver(visitor, queue)); // it comes from this loop, and was on another one for a moment
        } else if (takesOver()) {
            // by the tunnel's loop, perhaps
            if (visitor.wasRead()) queue.loop().execute(() -> queue.loop().deregister(visitor.channel()));
            try {
                open(visitor, queue);
            } finally {
                queue.taken();
            }
        } else {
            left();
            queue.loop().execute(() -> queue.returned(visitor));
        }
    }

    /** Joins a visitor to a new stream. */
    private void open(Arrival visitor, VisitorQueue queue) {
        connection.watch();
        driver.lock.lock();
        try {
            ServerVisitor.open(connection, queue, driver, visitor);
        } catch (IOException e) {
            log.debug(
                    "{}: visitor {} has disconnected: {}",
                    connection.tunnel(),
                    Sockets.text(visitor.address()),
                    e.toString());
        } finally {
            driver.lock.unlock();
        }
    }

    private void open(UdpVisitor visitor) {
        connection.watch();
        driver.lock.lock();
        try {
            if (visitor.open(driver)) {
                present.incrementAndGet();
                driver.flush();
            } else visitor.leave();
        } finally {
            driver.lock.unlock();
        }
    }

    /** The client has not answered on the stream of a visitor yet. There are as many as a session lets be unacknowledged at most. */
    void unanswered(ServerVisitor visitor) {
        unanswered.add(visitor);
    }

    /** The client has answered, or the visitor has left. Later calls have no effect. */
    void answered(ServerVisitor visitor) {
        unanswered.remove(visitor); // usually the first one
    }

    /** The client will never see the streams above an id: gives their visitors back, for another connection. */
    void giveBack(int last) {
        driver.lock.lock();
        try {
            for (ServerVisitor visitor : List.copyOf(unanswered)) {
                if (Integer.compareUnsigned(visitor.stream(), last) > 0) visitor.giveBack();
            }
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Called when the connection of a visitor has ended. */
    void left(VisitorQueue queue, Arrival visitor) {
        queue.loop().runOrExecute(() -> queue.left(visitor));
        left();
    }

    /** Called when the stream of a visitor has ended. */
    void left() {
        if (present.decrementAndGet() == 0) connection.lastVisitorLeft();
    }
}
