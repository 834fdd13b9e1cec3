/** JSON for output, logs and the admin address. */
@NullMarked
package org.relay4j.cli.json;

import org.jspecify.annotations.NullMarked;
