package org.relay4j.client.conformance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import org.junit.jupiter.api.BeforeEach;

/** The part of the suite that starts with an accepted visitor. */
abstract class ConnectedConformance extends Conformance {
    Socket visitor;
    Socket accepted;
    InputStream in; // of the accepted socket
    OutputStream out; // of the accepted socket

    @BeforeEach
    void connectVisitor() throws IOException {
        Pair pair = connect();
        visitor = pair.visitor();
        accepted = pair.accepted();
        in = accepted.getInputStream();
        out = accepted.getOutputStream();
    }
}
