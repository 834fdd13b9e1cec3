/**
 * Flight recorder events that the server and the client have in common. Not exported to users.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api.recording;

import org.jspecify.annotations.NullMarked;
