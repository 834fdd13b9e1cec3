package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Wire;

/**
 * A visitor of this node that is offered to another one.
 *
 * @param loop on which the outcome is reported if the other node does not take the visitor
 * @param wire the connection: configured, non-blocking, and registered with no loop
 * @param header the addresses of the visitor and its identifier in logs; its endpoint is ignored
 * @param read bytes that were already read from the connection and belong to the visitor's stream; null for none
 */
public record PeerVisitor(
        Loop loop, Wire wire, ProxyHeader header, @Nullable ByteBuffer read) {}
