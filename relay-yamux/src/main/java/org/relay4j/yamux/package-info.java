/**
 * Sessions and streams: yamux as a blocking API modelled on {@link java.net.ServerSocket} and {@link java.net.Socket}.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.yamux;

import org.jspecify.annotations.NullMarked;
