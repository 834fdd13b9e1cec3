/**
 * A Jetty connector that listens on a public port of a relay server.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.jetty;

import org.jspecify.annotations.NullMarked;
