package org.relay4j.server.peer;

/**
 * A link to another node at a point in time.
 *
 * @param node the name of the other node
 * @param loop of the other node that serves the link
 * @param up whether it is connected
 * @param roundTrip the most recent one, 0 if none was measured. Unit: nanoseconds
 * @param visitors that are served over the link, or wait for its answer
 */
public record PeerLinkStatus(String node, int loop, boolean up, long roundTrip, int visitors) {}
