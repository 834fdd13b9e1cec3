package org.relay4j.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Explains why a server could not bind its control port, and suggests a remedy. */
final class BindFailure {
    /*
     * The JDK has one exception for three reasons: the address does not belong to this machine, the port is in use, or the process
     * may not use it. Its text comes from the operating system, in the language of the user. So this class tests each reason
     * separately: it binds any port of the address, then, with UDP, a port that needs the same permission.
     */
    private static final int UNPRIVILEGED = 1_024; // the lowest port that needs no permission on most systems
    private static final int NEIGHBOURS = 8;

    private final String operatingSystem;
    private final Predicate<InetSocketAddress> udp;

    /** @param operatingSystem the system property {@code os.name} */
    BindFailure(String operatingSystem) {
        this(operatingSystem, BindFailure::bindsUdp);
    }

    /** @param udp tries to bind a UDP port */
    BindFailure(String operatingSystem, Predicate<InetSocketAddress> udp) {
        this.operatingSystem = operatingSystem;
        this.udp = udp;
    }

    /** Returns true if this machine has the address. Null means all addresses. */
    static boolean isLocal(@Nullable InetAddress address) {
        try (ServerSocket probe = new ServerSocket(0, 1, address)) {
            return probe.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the failure to report if the address is local. */
    CommandFailure of(InetSocketAddress address, BindException cause) {
        int port = address.getPort();
        String line = "cannot bind port " + port + ": ";
        if (port == 0) line = "cannot bind a port: none is free";
        else if (mayBind(address)) {
            line += "it is in use; choose another port or stop the process that uses it" + airPlay(port);
        } else {
            line += "permission denied; choose port " + UNPRIVILEGED + " or above, or run as a user that may bind it";
        }
        return new CommandFailure(ExitCode.PORT_UNAVAILABLE, line, cause);
    }

    /** Returns true if this process is permitted to bind a port, whether or not it is in use. */
    private boolean mayBind(InetSocketAddress address) {
        int port = address.getPort();
        if (port >= UNPRIVILEGED || udp.test(address)) return true;
        for (int i = 1; i <= NEIGHBOURS; i++) { // that UDP port may be in use as well
            int neighbour = port + i < UNPRIVILEGED ? port + i : port - i;
            if (udp.test(new InetSocketAddress(address.getAddress(), neighbour))) return true;
        }
        return false;
    }

    private static boolean bindsUdp(InetSocketAddress address) {
        try (DatagramSocket probe = new DatagramSocket(address)) {
            return probe.isBound();
        } catch (SocketException e) {
            return false;
        }
    }

    /** Returns the usual reason on a Mac. */
    private String airPlay(int port) {
        if (!operatingSystem.startsWith("Mac") || (port != 5_000 && port != 7_000)) return "";
        return ". On macOS this is often AirPlay Receiver, which can be turned off in"
                + " System Settings > General > AirDrop & Handoff";
    }
}
