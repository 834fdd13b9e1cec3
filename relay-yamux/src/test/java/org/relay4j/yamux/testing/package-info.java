/** What tests of this module and of those above it share: a scripted peer, channels, an emulated link, deadlines, leak checks. */
package org.relay4j.yamux.testing;
