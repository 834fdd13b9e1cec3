/**
 * The relay server and its options, events and policies.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server;

import org.jspecify.annotations.NullMarked;
