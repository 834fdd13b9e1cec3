/**
 * The protocol as a plain object: bytes and time go in, bytes and events come out; no socket, thread, lock, logger or clock.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.yamux.core;

import org.jspecify.annotations.NullMarked;
