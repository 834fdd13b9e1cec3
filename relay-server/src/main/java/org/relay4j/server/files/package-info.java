/**
 * Files of the user: TOML, and noticing changes. For server and command line; not exported.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server.files;

import org.jspecify.annotations.NullMarked;
