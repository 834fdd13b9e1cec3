/**
 * The control line that a server sends before yamux starts.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api.control;

import org.jspecify.annotations.NullMarked;
