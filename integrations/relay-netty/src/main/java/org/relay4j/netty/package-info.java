/**
 * Netty channels to the visitors of a public port.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.netty;

import org.jspecify.annotations.NullMarked;
