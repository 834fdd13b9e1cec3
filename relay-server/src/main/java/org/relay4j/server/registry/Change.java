package org.relay4j.server.registry;

import org.jspecify.annotations.Nullable;

/**
 * A change of one key.
 *
 * @param entry its new value; null if it was deleted
 */
public record Change(String key, @Nullable Entry entry) {}
