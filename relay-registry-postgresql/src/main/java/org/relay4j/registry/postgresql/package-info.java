/**
 * The store that the nodes of a cluster share, in PostgreSQL.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.registry.postgresql;

import org.jspecify.annotations.NullMarked;
