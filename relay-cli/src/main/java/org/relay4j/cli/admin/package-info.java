/** The admin address: health, metrics and tunnels over HTTP. */
@NullMarked
package org.relay4j.cli.admin;

import org.jspecify.annotations.NullMarked;
