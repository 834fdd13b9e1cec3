/**
 * What a cluster of relay servers needs of the store that its nodes share, such as etcd or PostgreSQL.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server.registry;

import org.jspecify.annotations.NullMarked;
