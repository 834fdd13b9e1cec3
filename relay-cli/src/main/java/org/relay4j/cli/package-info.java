/** The relay command. */
@NullMarked
package org.relay4j.cli;

import org.jspecify.annotations.NullMarked;
