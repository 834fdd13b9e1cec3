/**
 * One node of a cluster: the endpoints it claims for its tunnels, the routes that all nodes see, and the rules that keep an endpoint
 * from having two owners. Plain logic over a {@link org.relay4j.server.registry.RegistryStore}: time and executor come from outside.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server.cluster;

import org.jspecify.annotations.NullMarked;
