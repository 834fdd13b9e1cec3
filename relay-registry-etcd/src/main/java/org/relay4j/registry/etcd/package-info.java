/**
 * Keeps the registry of a cluster of relay servers in etcd 3.4 or newer, through etcd's HTTP/JSON gateway.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.registry.etcd;

import org.jspecify.annotations.NullMarked;
