package org.relay4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FixedPortTest {
    /** A test with two ports failed when they were the same one, once in 10,000 times. */
    @Test
    void noneIsGivenTwice() throws IOException {
        Set<Integer> ports = new HashSet<>();
        for (int n = 0; n < 500; n++) ports.add(FixedPort.free());
        int lowest = FixedPort.range(3);
        for (int port = lowest; port < lowest + 3; port++) ports.add(port);
        assertEquals(503, ports.size());
    }

    @Test
    void theyDoNotRunOut() throws IOException {
        for (int n = 0; n < 11_000; n++) assertTrue(FixedPort.free() >= 10_000);
    }
}
