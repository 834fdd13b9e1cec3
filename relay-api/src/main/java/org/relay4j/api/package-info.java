/**
 * Tunnels, their listeners and their failures: the types that the server and the client share.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api;

import org.jspecify.annotations.NullMarked;
