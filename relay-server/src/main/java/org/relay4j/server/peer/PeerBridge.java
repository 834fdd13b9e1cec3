package org.relay4j.server.peer;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;

/**
 * A visitor of another node, joined to a stream of a client: two streams of two sessions on one loop, with no queue between them.
 * On that loop.
 */
public final class PeerBridge {
    /*
     * Data is copied within the callback of the stream that has it, or of the stream that has room again, with the locks of both
     * sessions held. Only the loop ever holds two. Nothing else crosses in a callback: FIN, RST and the end of a session are passed
     * on by a task of the loop, so that no core is entered while it is in a callback of its own. A task that is posted behind data
     * is run behind it.
     */

    /** The owner of a visitor. Called on the loop, with no lock held. */
    public interface Owner {
        /** The visitor is joined to a stream of the client. */
        default void joined(PeerBridge bridge) {}

        /**
         * The visitor has left. Called once, also if it was never joined.
         *
         * @param failure null if both directions ended with FIN
         */
        void ended(PeerBridge bridge, @Nullable Throwable failure);
    }

    private final Driver peer;
    private final BridgeSide visitor;
    private @Nullable BridgeSide client; // once joined
    private @Nullable Owner owner; // once there is a decision
    private boolean over;

    /** @param stream of the visitor, on the link from the other node; its handler becomes {@link #visitorSide} */
    PeerBridge(Driver peer, MuxStream stream) {
        this.peer = peer;
        visitor = new BridgeSide(this, peer);
        visitor.stream(stream);
    }

    StreamHandler visitorSide() {
        return visitor;
    }

    /** Sets who learns of the end, also if the visitor is not joined. */
    void owner(Owner told) {
        owner = told;
    }

    boolean isVisitor(BridgeSide side) {
        return side == visitor;
    }

    boolean isOver() {
        return over;
    }

    /** Returns the stream of the client, for its figures; null if there is none. Use it on the loop only. */
    public @Nullable MuxStream clientStream() {
        BridgeSide side = client;
        return side == null ? null : side.stream();
    }

    // ---- the beginning

    /**
     * Opens the stream of the client, and acknowledges that of the visitor.
     *
     * @return false if the client's connection has no room for a stream yet: to be called again, or {@link #refuse}
     */
    boolean join(Driver driver, byte @Nullable [] header, Owner joined) {
        owner = joined;
        BridgeSide side = new BridgeSide(this, driver);
        OpenState state = open(side, driver, header);
        if (state == OpenState.WAIT) return false;
        if (state != OpenState.READY) {
            refuse(PeerCode.NOT_HERE);
            return true;
        }
        client = side;
        visitor.join(side);
        side.join(visitor);
        peer.lock.lock();
        try {
            visitor.stream().accept();
            peer.flush();
        } finally {
            peer.lock.unlock();
        }
        joined.joined(this);
        visitor.resume(); // what has arrived before
        return true;
    }

    private static OpenState open(BridgeSide side, Driver driver, byte @Nullable [] header) {
        driver.lock.lock();
        try {
            OpenState state = driver.mux().openState();
            if (state != OpenState.READY) return state;
            MuxStream stream = driver.mux().open(side, System.nanoTime());
            if (stream == null) return OpenState.WAIT;
            side.stream(stream);
            if (header != null) side.begin(ByteBuffer.wrap(header));
            driver.flush();
            return OpenState.READY;
        } finally {
            driver.lock.unlock();
        }
    }

    /** Resets the visitor with a code. It was not joined. */
    void refuse(PeerCode code) {
        if (over) return;
        reset(visitor, code.number());
        end(new IOException(code.text()));
    }

    // ---- the end

    /** Resets both streams, for example because a limit is reached. On the loop, with no lock held. */
    public void abandon(Throwable cause) {
        if (over) return;
        reset(visitor, 0);
        BridgeSide side = client;
        if (side != null) reset(side, 0);
        end(cause);
    }

    /** The stream of a side has ended without FIN in both directions: so does the other one. */
    void lost(BridgeSide side, Cause cause) {
        if (over) return;
        BridgeSide other = side == visitor ? client : visitor;
        if (other != null) reset(other, cause.kind() == Cause.Kind.RESET_BY_PEER ? (int) cause.code() : 0);
        end(new IOException(cause.message(), cause.error()));
    }

    /** Both directions have ended with FIN. */
    void endWhenDone() {
        BridgeSide side = client;
        if (!over && side != null && side.isFinished() && visitor.isFinished()) end(null);
    }

    private static void reset(BridgeSide side, int code) {
        Driver driver = side.driver();
        driver.lock.lock();
        try {
            side.stream().reset(code);
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    private void end(@Nullable Throwable failure) {
        if (over) return;
        over = true;
        release(visitor);
        if (client != null) release(client);
        Owner told = owner;
        if (told != null) told.ended(this, failure);
    }

    /** Returns the memory of bytes that were not passed on. */
    private static void release(BridgeSide side) {
        side.driver().lock.lock();
        try {
            side.stream().closeRead();
            side.driver().flush(); // a session that drains may have ended with this stream
        } finally {
            side.driver().lock.unlock();
        }
    }
}
