package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.yamux.Session;

/** A tunnel with one endpoint, or one of the endpoints of a tunnel, as its acceptor or forwarder uses it. */
interface OwnedTunnel extends Tunnel {
    /** The longest time that a close blocks. Unit: nanoseconds. */
    long CLOSE_DEADLINE = TimeUnit.SECONDS.toNanos(2);

    /** Returns the endpoint, as granted. */
    Endpoint endpoint();

    /** Returns true once the endpoint was granted. */
    boolean hasConnected();

    /** Returns the address for the visitors of a session; null if the session is none of this tunnel. */
    @Nullable
    InetSocketAddress publicAddress(Session session);

    /** Accepts no more visitors; ends with the last one. Blocks at most while a lease file is written. */
    void closeWhenDone();

    /** Accepts no more visitors, and resets those that are here. Blocks at most while a lease file is written. */
    void closeNow();

    /** Closes it for good and resets its visitors. Blocks until that is done, at most two seconds. Returns false if it was not. */
    default boolean closeAndWait() {
        closeNow();
        if (isCallingListener()) return true; // the end needs this thread
        try {
            return awaitEnd(CLOSE_DEADLINE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    /** Waits for the visitors to finish, at most until {@link System#nanoTime} is {@code end}; then resets them. */
    boolean awaitVisitors(long end);

    /** Waits as {@link #awaitEnd()} does; returns false if the end takes longer than {@code nanos}. */
    boolean awaitEnd(long nanos) throws InterruptedException;

    /** Returns why it has ended for good; null before that, and if it was closed. */
    @Nullable
    Throwable endCause();

    /** Returns true on a thread that is calling the listener, which must not wait for another call. */
    boolean isCallingListener();
}
