/**
 * Reads host names from the first bytes of connections: TLS, HTTP/1 and HTTP/2.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server.names;

import org.jspecify.annotations.NullMarked;
