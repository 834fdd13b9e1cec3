/**
 * Tunnels of a relay client: their listeners, statistics and failures. A relay server reports a lost tunnel with the same
 * exception.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api;

import org.jspecify.annotations.NullMarked;
