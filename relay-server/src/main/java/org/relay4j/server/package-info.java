/**
 * The relay server.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server;

import org.jspecify.annotations.NullMarked;
