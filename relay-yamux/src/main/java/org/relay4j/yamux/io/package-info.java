/** The drivers that run a core on a selector loop or over a blocking channel, and the splice of a socket with a stream. */
@NullMarked
package org.relay4j.yamux.io;

import org.jspecify.annotations.NullMarked;
