/** What tests of this module and of those above it share: a scripted peer, channels, deadlines, leak checks. */
package org.relay4j.yamux.testing;
