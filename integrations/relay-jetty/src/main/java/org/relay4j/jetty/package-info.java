/**
 * A Jetty connector whose port is on a relay server.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.jetty;

import org.jspecify.annotations.NullMarked;
