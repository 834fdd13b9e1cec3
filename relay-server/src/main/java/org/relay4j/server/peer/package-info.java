/**
 * The links between the nodes of a cluster: visitors that arrive at one node and are served by another.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server.peer;

import org.jspecify.annotations.NullMarked;
