package org.relay4j.interop;

import java.io.IOException;
import java.net.InetAddress;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.yamux.SessionOptions;

/** Our relay server, as these tests start it. */
final class JavaServer {
    private JavaServer() {}

    /** A relay server that only this machine reaches. */
    static RelayServer start(SessionOptions session) throws IOException {
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .publicBindAddress(InetAddress.getLoopbackAddress())
                .session(session)
                .build());
    }
}
