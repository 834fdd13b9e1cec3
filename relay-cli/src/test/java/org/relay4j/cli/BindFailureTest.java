package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BindFailureTest {
    @ParameterizedTest
    @CsvSource({
        "Mac OS X, 7000, true",
        "Mac OS X, 5000, true",
        "Mac OS X, 7001, false",
        "Linux,    7000, false",
        "Windows 11, 7000, false"
    })
    void airPlayIsNamedOnAMacOnly(String system, int port, boolean named) {
        String line = message(system, port);
        assertTrue(line.startsWith("cannot bind port " + port + ": it is in use"), line);
        assertEquals(named, line.contains("AirPlay Receiver"), line);
    }

    /** The text of the operating system does not count. */
    @Test
    void reasonComesFromProbing() {
        assertTrue(message("Linux", 0).startsWith("cannot bind a port: none is free"));
        CommandFailure failure = new BindFailure("Linux")
                .of(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 7000),
                        new BindException("Zugriff verweigert"));
        assertTrue(failure.getMessage().contains("it is in use"), failure.getMessage());
        assertEquals(ExitCode.PORT_UNAVAILABLE, failure.code());
    }

    @ParameterizedTest
    @CsvSource({
        "80,   -1, permission denied",
        "1023, -1, permission denied",
        "8080, -1, it is in use",
        "80,   80, it is in use",
        "80,   85, it is in use",
        "1023, 1020, it is in use"
    })
    void rightIsProbedWithUdp(int port, int free, String reason) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        CommandFailure failure =
                new BindFailure("Linux", probe -> probe.getPort() == free).of(address, new BindException(""));
        assertTrue(failure.getMessage().startsWith("cannot bind port " + port + ": " + reason), failure.getMessage());
    }

    @Test
    void addressesOfThisMachine() throws Exception {
        assertTrue(BindFailure.isLocal(null));
        assertTrue(BindFailure.isLocal(InetAddress.getLoopbackAddress()));
        assertFalse(BindFailure.isLocal(InetAddress.getByName("192.0.2.1")));
    }

    private static String message(String system, int port) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        return String.valueOf(
                new BindFailure(system).of(address, new BindException("")).getMessage());
    }
}
