/** Metrics of tunnels, for Micrometer. */
@NullMarked
package org.relay4j.micrometer;

import org.jspecify.annotations.NullMarked;
