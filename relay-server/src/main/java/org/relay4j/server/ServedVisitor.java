package org.relay4j.server;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;

/**
 * A visitor of a server at a point in time. Immutable.
 *
 * <pre>{@code
 * RelayServerListener listener = new RelayServerListener() {
 *     public void visitorClosed(RelayServer server, ServedTunnel tunnel, ServedVisitor visitor, Throwable cause) {
 *         System.out.println(visitor.address() + " has received " + visitor.bytesOut() + " bytes");
 *     }
 * };
 * RelayServer.start(RelayServerOptions.builder().listener(listener).build()).close();
 * }</pre>
 *
 * @param address address of the visitor
 * @param id identifies the visitor in the logs of server, client and load balancer: visible ASCII of at most 32 characters; null if
 *     its stream does not begin with its address
 * @param connected how long the visitor has been connected
 * @param bytesIn bytes received from the visitor
 * @param bytesOut bytes sent to the visitor
 */
public record ServedVisitor(
        InetSocketAddress address, @Nullable String id, Duration connected, long bytesIn, long bytesOut) {
    /** The visitor of a stream: bytes that the session sends were received from it, and vice versa. */
    static ServedVisitor of(InetSocketAddress address, @Nullable String id, MuxStream stream) {
        Duration connected = Duration.ofNanos(stream.age(System.nanoTime()));
        return new ServedVisitor(address, id, connected, stream.bytesSent(), stream.bytesReceived());
    }
}
