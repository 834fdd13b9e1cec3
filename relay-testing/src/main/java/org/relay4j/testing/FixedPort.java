package org.relay4j.testing;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;

/**
 * Unused ports, for servers that start later or restart on the same port.
 *
 * <p>They are outside the ranges from which kernels assign ports (32768 and up on Linux, 49152 and up on macOS and
 * Windows). While an assigned port is unused, any other socket of the machine can get it: the public port of another
 * test's server, or the local end of the very connection attempt that is expected to be refused.
 */
public final class FixedPort {
    private static final int LOWEST = 10_000;
    private static final int HIGHEST = 19_999;
    private static final int ATTEMPTS = 100;
    private static final int MOST_GIVEN = 5_000; // then all are as good as new

    private static final Set<Integer> given = ConcurrentHashMap.newKeySet(); // so that a test with two ports has two

    private FixedPort() {}

    /** Returns a free port, another one each time. It is chosen at random, so that tests in other processes hardly ever choose it, too. */
    public static int free() throws IOException {
        return range(1);
    }

    /** Returns the lowest of {@code count} free ports in a row. */
    public static int range(int count) throws IOException {
        if (given.size() > MOST_GIVEN) given.clear();
        for (int n = 0; n < ATTEMPTS; n++) {
            int lowest = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST + 2 - count);
            if (areFree(lowest, count) && areNew(lowest, count)) return lowest;
        }
        throw new IOException("no " + count + " free ports in a row found between " + LOWEST + " and " + HIGHEST);
    }

    private static boolean areNew(int lowest, int count) {
        return IntStream.range(lowest, lowest + count).allMatch(given::add);
    }

    private static boolean areFree(int lowest, int count) throws IOException {
        for (int port = lowest; port < lowest + count; port++) {
            try (ServerSocket probe = new ServerSocket()) {
                probe.setReuseAddress(true); // connections that have ended do not matter
                probe.bind(new InetSocketAddress(port)); // all addresses
            } catch (BindException e) {
                return false;
            }
        }
        return true;
    }
}
