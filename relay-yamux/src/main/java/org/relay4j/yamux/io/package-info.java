/**
 * Drivers that run a core on a selector loop or over a blocking channel, and the splice of a socket and a stream.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.yamux.io;

import org.jspecify.annotations.NullMarked;
