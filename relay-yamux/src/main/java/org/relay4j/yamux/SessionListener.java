package org.relay4j.yamux;

/**
 * Receives the events of a session. Called without a lock held, on a thread that the listener may block. Calls may overlap.
 *
 * <pre>{@code
 * SessionListener listener = new SessionListener() {
 *     public void ended(Session session, SessionException cause) {
 *         if (!cause.isClean()) alert(cause);
 *     }
 * };
 * Session session = Session.client(channel, SessionOptions.builder().listener(listener).build());
 * session.close();
 * }</pre>
 */
public interface SessionListener {
    /** The session has ended. {@link SessionException#isClean} distinguishes a close from a failure. Called once. */
    default void ended(Session session, SessionException cause) {}

    /** The peer no longer accepts streams; open streams are not affected. Called at most once. */
    default void goAway(Session session) {}
}
