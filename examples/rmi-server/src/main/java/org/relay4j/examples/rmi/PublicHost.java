package org.relay4j.examples.rmi;

import java.io.IOException;
import java.io.Serializable;
import java.net.Socket;
import java.rmi.server.RMIClientSocketFactory;

/**
 * The socket factory of visitors. It is part of the stub, so it travels to the visitor. Without it, the stub would contain the
 * server's local address, which visitors cannot reach.
 *
 * @param name the host name of the relay server for visitors
 */
public record PublicHost(String name) implements RMIClientSocketFactory, Serializable {
    @Override
    public Socket createSocket(String ignored, int port) throws IOException {
        return new Socket(name, port);
    }
}
