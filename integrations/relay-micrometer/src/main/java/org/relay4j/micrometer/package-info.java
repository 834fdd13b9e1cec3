/**
 * Metrics of tunnels, for Micrometer.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.micrometer;

import org.jspecify.annotations.NullMarked;
