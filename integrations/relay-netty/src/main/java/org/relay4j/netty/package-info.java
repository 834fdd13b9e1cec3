/**
 * Netty channels whose other end is a visitor of a public port.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.netty;

import org.jspecify.annotations.NullMarked;
