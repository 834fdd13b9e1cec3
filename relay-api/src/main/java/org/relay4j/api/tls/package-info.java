/** Keys and certificates, as the server and the client both need them. */
@NullMarked
package org.relay4j.api.tls;

import org.jspecify.annotations.NullMarked;
