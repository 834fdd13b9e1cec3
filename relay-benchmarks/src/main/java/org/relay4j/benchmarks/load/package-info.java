/** The load generator for TCP relays and its backend: JDK only, so that it can be compiled and run alone. */
@NullMarked
package org.relay4j.benchmarks.load;

import org.jspecify.annotations.NullMarked;
