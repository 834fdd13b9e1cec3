package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import org.jspecify.annotations.Nullable;

/** Explains why an address cannot be bound, and suggests a remedy, because the messages of the JVM differ between systems. */
final class Binding {
    private static final int PRIVILEGED = 1024; // ports below it need a permission on most systems

    private Binding() {}

    /** Describes a failed bind: which address and port, why, and the remedy. */
    static BindException failure(String what, InetSocketAddress address, BindException cause) {
        String remedy;
        if (!isOfThisMachine(address.getAddress())) remedy = "choose an address of this machine";
        else if (address.getPort() >= PRIVILEGED) remedy = "choose another port, or stop the process that uses it";
        else {
            remedy =
                    "choose another port, stop the process that uses it, or run with the permission to use ports below "
                            + PRIVILEGED;
        }
        BindException failure = new BindException(
                "cannot bind " + what + " " + text(address) + ": " + cause.getMessage() + "; " + remedy);
        failure.initCause(cause);
        return failure;
    }

    /**
     * Checks that an address can be bound.
     *
     * @throws BindException if it does not belong to this machine
     */
    static void check(String what, @Nullable InetAddress address) throws IOException {
        if (address == null) return;
        InetSocketAddress any = new InetSocketAddress(address, 0);
        try {
            probe(any);
        } catch (BindException e) {
            throw failure(what, any, e);
        }
    }

    private static boolean isOfThisMachine(InetAddress address) {
        try {
            probe(new InetSocketAddress(address, 0));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static void probe(InetSocketAddress address) throws IOException {
        try (ServerSocketChannel probe = ServerSocketChannel.open()) {
            probe.bind(address);
        }
    }

    private static String text(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        if (address.getPort() == 0) return host.getHostAddress();
        return host.isAnyLocalAddress()
                ? "port " + address.getPort()
                : "port " + address.getPort() + " of " + host.getHostAddress();
    }
}
