/** Tunnels, their listeners and their failures: the types that the server and the client share. */
@NullMarked
package org.relay4j.api;

import org.jspecify.annotations.NullMarked;
