/**
 * Flight recorder events shared by the server and the client. Not exported to users.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.api.recording;

import org.jspecify.annotations.NullMarked;
