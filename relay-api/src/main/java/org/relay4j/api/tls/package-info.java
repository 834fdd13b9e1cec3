/** Keys and certificates for the server and the client. */
@NullMarked
package org.relay4j.api.tls;

import org.jspecify.annotations.NullMarked;
