/**
 * The side of {@code java.net} that sockets of Relay show. Not exported to users.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.yamux.socket;

import org.jspecify.annotations.NullMarked;
