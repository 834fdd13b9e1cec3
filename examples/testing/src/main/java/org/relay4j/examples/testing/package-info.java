/** What the tests of the examples have in common. */
@NullMarked
package org.relay4j.examples.testing;

import org.jspecify.annotations.NullMarked;
