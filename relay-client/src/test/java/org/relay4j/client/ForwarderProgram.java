package org.relay4j.client;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** A forwarder in a process of its own: says {@code public port <port>}, and ends with its standard input. */
final class ForwarderProgram {
    private ForwarderProgram() {}

    /** The control port of a server on this machine, and the port of the local service. */
    public static void main(String[] arguments) throws IOException {
        InetSocketAddress local =
                new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1]));
        RelayForwarder forwarder = RelayClient.forward("127.0.0.1", Integer.parseInt(arguments[0]), local);
        System.out.println("public port " + forwarder.publicAddress().getPort());
        System.in.transferTo(OutputStream.nullOutputStream());
    }
}
