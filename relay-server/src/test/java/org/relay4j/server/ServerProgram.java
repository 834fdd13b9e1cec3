package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;

/** A relay server in a process of its own: says {@code port <control port>}, and ends with its standard input. */
final class ServerProgram {
    private ServerProgram() {}

    public static void main(String[] arguments) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions options = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .build();
        try (RelayServer server = RelayServer.start(options)) {
            System.out.println("port " + server.port());
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        System.out.println("closed");
    }
}
