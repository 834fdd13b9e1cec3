/**
 * A conformance kit for yamux endpoints. It is independent of Relay's own implementation, which is one of those it
 * tests.
 */
@NullMarked
package org.relay4j.conformance;

import org.jspecify.annotations.NullMarked;
