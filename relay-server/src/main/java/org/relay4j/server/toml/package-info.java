/**
 * Reads the TOML files of server and command line. Not exported.
 *
 * @since 0.1
 */
@NullMarked
package org.relay4j.server.toml;

import org.jspecify.annotations.NullMarked;
