/**
 * The parts of server sockets that accept connections from a tunnel. Not exported to users.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.yamux.socket;

import org.jspecify.annotations.NullMarked;
