package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Hosts that are network namespaces, joined by links. Needs root and iproute2. {@link #close} removes everything. */
final class Hosts implements AutoCloseable {
    /*
     * Addresses are from 198.18.0.0/15, which no real network uses (RFC 2544). All begin with the same three numbers; each link has
     * eight of them.
     */
    private static final String NEEDED = "this test makes network namespaces: run it as root (in a container with"
            + " --cap-add NET_ADMIN --cap-add SYS_ADMIN), with iproute2 installed";
    private static final int LINK = 29; // bits of the network of a link
    private static final int LAST = 255;
    private static final int ATTEMPTS = 10; // of 512 networks, few are in use

    private final String prefix =
            "rl" + Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36 * 36 * 36), 36);
    private final String net;
    private final List<String> made = new ArrayList<>();

    Hosts() throws InterruptedException {
        String free = null;
        for (int i = 0; free == null && i < ATTEMPTS; i++) free = reserve();
        assertNotNull(free, NEEDED);
        net = free;
    }

    /**
     * Reserves a network for this test, and returns the first three numbers of its addresses; null if a test of another process has it. The
     * reservation is an address of the loopback device, which the kernel gives to one of them only.
     */
    private static @Nullable String reserve() throws InterruptedException {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        String net = "198." + random.nextInt(18, 20) + "." + random.nextInt(256) + ".";
        try (ChildProcess ip = ChildProcess.start("ip", "address", "add", net + LAST + "/32", "dev", "lo")) {
            return ip.awaitExit() == 0 ? net : null;
        }
    }

    /** Makes a host, and returns its name. */
    String add(String name) throws InterruptedException {
        String host = prefix + "-" + name;
        ip("netns", "add", host);
        made.add(host);
        ip("-n", host, "link", "set", "dev", "lo", "up");
        return host;
    }

    /** Returns the name of a device of this host that no other test has. */
    String device(String suffix) {
        return prefix + suffix;
    }

    /** Returns an address. */
    String address(int number) {
        return net + number;
    }

    /** Returns all addresses. */
    String network() {
        return net + "0/24";
    }

    /**
     * Connects two hosts.
     *
     * @param one null for this host
     */
    void link(@Nullable String one, String device, int number, String other, String otherDevice, int otherNumber)
            throws InterruptedException {
        List<String> first = one == null ? List.of() : List.of("-n", one);
        ip(first, "link", "add", device, "type", "veth", "peer", "name", otherDevice, "netns", other);
        ip(first, "address", "add", address(number) + "/" + LINK, "dev", device);
        ip(first, "link", "set", "dev", device, "up");
        ip("-n", other, "address", "add", address(otherNumber) + "/" + LINK, "dev", otherDevice);
        ip("-n", other, "link", "set", "dev", otherDevice, "up");
    }

    /** Makes a host a router. */
    void forward(String host) throws InterruptedException {
        set(host, "net/ipv4/ip_forward", "1");
    }

    /** Sets a parameter of the kernel for a host. */
    void set(String host, String parameter, String value) throws InterruptedException {
        ip("netns", "exec", host, "sh", "-c", "echo " + value + " > /proc/sys/" + parameter);
    }

    // ---- programs

    /** Starts a program on a host. */
    static ChildProcess start(String host, ProcessBuilder builder) {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", host));
        command.addAll(builder.command());
        return ChildProcess.start(builder.command(command));
    }

    /** Starts a main class of these tests on a host. */
    static ChildProcess start(String host, Class<?> main, String... arguments) {
        // Failsafe starts this process with a jar whose manifest has the class path.
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "-cp", path, main.getName()));
        command.addAll(List.of(arguments));
        return start(host, ChildProcess.builder(command.toArray(String[]::new)));
    }

    // ---- ip

    private static void ip(List<String> first, String... more) throws InterruptedException {
        List<String> arguments = new ArrayList<>(first);
        arguments.addAll(List.of(more));
        ip(arguments.toArray(String[]::new));
    }

    /** Runs the command {@code ip}, which must succeed. */
    static void ip(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        try (ChildProcess ip = ChildProcess.start(command.toArray(String[]::new))) {
            assertEquals(0, ip.awaitExit(), () -> NEEDED + "; " + ip);
        }
    }

    static InetAddress parse(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            for (String host : made) ip("netns", "delete", host); // with it, the links that end there
            ip("address", "del", net + LAST + "/32", "dev", "lo");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
