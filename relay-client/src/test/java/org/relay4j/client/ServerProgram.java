package org.relay4j.client;

import java.io.IOException;
import java.io.OutputStream;
import org.relay4j.server.RelayServer;

/**
 * A relay server in a process of its own, which never takes a slow client for a dead one: its argument is the control port; says
 * {@code port <control port>}.
 */
final class ServerProgram {
    private ServerProgram() {}

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        try (RelayServer server = RelayServer.start(Local.options()
                .port(port)
                .session(FaultOptions.session(FaultOptions.PATIENT))
                .build())) {
            System.out.println("port " + server.port());
            System.in.transferTo(OutputStream.nullOutputStream());
        }
    }
}
