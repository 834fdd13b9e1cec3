package org.relay4j.server.registry;

/**
 * A key with its value.
 *
 * @param revision of the last change
 * @param lease with which it ends; 0 if with none
 */
public record Entry(String key, String value, long revision, long lease) {}
