/** The plain TCP splice that relays are compared with. */
@NullMarked
package org.relay4j.benchmarks.splice;

import org.jspecify.annotations.NullMarked;
