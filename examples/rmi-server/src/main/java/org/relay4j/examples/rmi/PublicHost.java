package org.relay4j.examples.rmi;

import java.io.IOException;
import java.io.Serializable;
import java.net.Socket;
import java.rmi.server.RMIClientSocketFactory;

/**
 * How a visitor connects: a part of the stub, so it travels to the visitor. Without it a stub names the address that its server
 * believes to have, which nobody outside can reach.
 *
 * @param name the host of the relay server, as visitors call it
 */
public record PublicHost(String name) implements RMIClientSocketFactory, Serializable {
    @Override
    public Socket createSocket(String ignored, int port) throws IOException {
        return new Socket(name, port);
    }
}
