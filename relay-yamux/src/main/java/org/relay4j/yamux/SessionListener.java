package org.relay4j.yamux;

/**
 * What a session tells its owner. Called on a thread that may block, never with a lock held; two calls may overlap.
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
    /** The session is over. {@link SessionException#isClean} tells a wanted end from a failure. Called once. */
    default void ended(Session session, SessionException cause) {}

    /** The peer takes no more streams; those that are open go on. Called at most once. */
    default void goAway(Session session) {}
}
