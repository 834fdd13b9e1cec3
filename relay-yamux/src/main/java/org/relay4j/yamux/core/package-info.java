/**
 * The protocol as a plain object. Bytes and time are the input; bytes and events are the output. There is no socket,
 * thread, lock, logger or clock.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.yamux.core;

import org.jspecify.annotations.NullMarked;
