package org.relay4j.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;

/** A server on one host of {@link Networks}, and what a forwarder on the other one needs. */
final class NetworkedRelay implements AutoCloseable {
    private static final int CONTROL_PORT = 7000; // the network is its own

    /** In this time a visitor is served, unless it is on a path that leads nowhere. Unit: ms. */
    private static final int SERVED = 2_000;

    final Networks networks = new Networks();
    final EchoService echo;
    final ChildProcess server;

    NetworkedRelay() throws Exception {
        this(false);
    }

    /** @param bounded whether TCP waits at most a second between two attempts to send the same data */
    NetworkedRelay(boolean bounded) throws Exception {
        EchoService service = null;
        ChildProcess started = null;
        try {
            if (bounded) networks.boundRetransmission(); // before there is a socket
            service = new EchoService(networks.service());
            started = networks.onServer(
                    "--bind=" + networks.control(), "--public-bind=" + networks.visitors(), "--extended", "7000");
            started.line();
        } catch (AssertionError | IOException | InterruptedException e) {
            if (started != null) started.close();
            if (service != null) service.close();
            networks.close();
            throw e;
        }
        echo = service;
        server = started;
    }

    /** Returns the arguments of a forwarder. */
    String[] forwarder(Path leaseFile, int connections) {
        return new String[] {
            "--lease-file=" + leaseFile,
            "--connections=" + connections,
            "--local-host=" + networks.service().getHostAddress(),
            "--localForwardPort=" + echo.port(),
            networks.control() + ":" + CONTROL_PORT
        };
    }

    /** Starts a forwarder on the client's host that notices soon that its connection is silent. */
    ChildProcess alertForwarder() {
        return networks.onClient(
                AlertForwarder.class,
                networks.control(),
                Integer.toString(CONTROL_PORT),
                networks.service().getHostAddress(),
                Integer.toString(echo.port()));
    }

    /** Drops the packets of one connection of a forwarder. */
    void silenceOneConnection(ChildProcess forwarder) throws InterruptedException {
        networks.drop(networks.connectionsTo(CONTROL_PORT, forwarder).get(0));
    }

    Socket visitor(int port) throws IOException {
        return Echo.visitor(new InetSocketAddress(networks.visitors(), port));
    }

    /** Returns whether a new visitor is served; false if it gets no answer. */
    boolean serves(int port) throws IOException {
        try (Socket visitor = visitor(port)) {
            visitor.setSoTimeout(SERVED);
            Echo.send(visitor, "x");
            Echo.expect(visitor, "x");
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        echo.close();
        networks.close();
    }
}
