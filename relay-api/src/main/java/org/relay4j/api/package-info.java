/**
 * Tunnels, their listeners and their failures: the types shared by the server and the client.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api;

import org.jspecify.annotations.NullMarked;
