/** A Jetty connector whose port is on a relay server. */
@NullMarked
package org.relay4j.jetty;

import org.jspecify.annotations.NullMarked;
