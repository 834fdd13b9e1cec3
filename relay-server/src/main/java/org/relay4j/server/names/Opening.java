package org.relay4j.server.names;

import org.jspecify.annotations.Nullable;

/**
 * What the first bytes of a connection say. Immutable.
 *
 * @param name the host name in lower case, without port and without a dot at its end; perhaps an IPv4 address, or not even a
 *     valid name; empty if there is none
 * @param fault why the connection is refused; null if it is not
 * @param relay whether it is a relay client, which offers {@code relay/1} by ALPN
 * @param target path and query of the first HTTP request; empty if there are none
 * @param stream number of the HTTP/2 stream of that request; 0 without HTTP/2
 */
public record Opening(String name, @Nullable Fault fault, boolean relay, String target, int stream) {
    static Opening refused(Fault fault) {
        return new Opening("", fault, false, "", 0);
    }

    static Opening ofTls(String name, boolean relay) {
        return new Opening(name, null, relay, "", 0);
    }

    static Opening ofHttp(String name, String target) {
        return new Opening(name, null, false, target, 0);
    }

    static Opening ofHttp2(String name, String target, int stream) {
        return new Opening(name, null, false, target, stream);
    }
}
