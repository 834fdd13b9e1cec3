/**
 * Keys and certificates for the server and the client.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api.tls;

import org.jspecify.annotations.NullMarked;
