package org.relay4j.server;

/**
 * The answer to a client that gets no tunnel: the {@code ERR} line.
 *
 * @param code one of the codes of {@code docs/protocol.md}
 * @param text why, for a person
 */
record ControlRefusal(String code, String text) {}
