/** The tables of the whole-path comparison. */
@NullMarked
package org.relay4j.benchmarks.compare;

import org.jspecify.annotations.NullMarked;
