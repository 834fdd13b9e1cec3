/** The relay server. */
@NullMarked
package org.relay4j.server;

import org.jspecify.annotations.NullMarked;
