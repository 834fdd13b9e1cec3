/** Shared by the tests of all modules: a scripted peer, channels, an emulated link, visitors, deadlines, leak checks. */
@NullMarked
package org.relay4j.testing;

import org.jspecify.annotations.NullMarked;
