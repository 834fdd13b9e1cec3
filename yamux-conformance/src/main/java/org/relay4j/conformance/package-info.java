/** A conformance kit for yamux endpoints. Knows nothing of Relay's own implementation, which is one of those it examines. */
@NullMarked
package org.relay4j.conformance;

import org.jspecify.annotations.NullMarked;
