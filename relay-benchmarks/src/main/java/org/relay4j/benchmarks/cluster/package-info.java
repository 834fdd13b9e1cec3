/** A cluster of real server processes on this machine under tunnels that come and go, and visitors. */
@NullMarked
package org.relay4j.benchmarks.cluster;

import org.jspecify.annotations.NullMarked;
