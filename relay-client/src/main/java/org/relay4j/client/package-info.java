/**
 * The relay client: an acceptor that is a {@link java.net.ServerSocket}, and a forwarder to a local service.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.client;

import org.jspecify.annotations.NullMarked;
