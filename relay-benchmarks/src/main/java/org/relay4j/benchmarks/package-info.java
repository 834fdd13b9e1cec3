/** JMH benchmarks of a yamux session and of its core. */
@NullMarked
package org.relay4j.benchmarks;

import org.jspecify.annotations.NullMarked;
