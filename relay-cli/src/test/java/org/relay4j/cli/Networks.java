package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * Two hosts and the router between them, each in a network namespace of its own. Needs root and iproute2. {@link #close}
 * removes everything.
 */
final class Networks implements AutoCloseable {
    /*
     *   test (this process) ---- client ==== router ==== server ---- test
     *
     * The double lines are the path of the tunnel, which the router can cut. The test has a link of its own to each host, for
     * the local service and for visitors. Addresses are from 198.18.0.0/15, which no real network uses (RFC 2544).
     */
    private static final String NEEDED = "this test makes network namespaces: run it as root (in a container with"
            + " --cap-add NET_ADMIN --cap-add SYS_ADMIN), with iproute2 installed";
    private static final int ESTABLISHED = 1;

    private final String prefix =
            "rl" + Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36 * 36 * 36), 36);
    private final String net = "198." + ThreadLocalRandom.current().nextInt(18, 20) + "."
            + ThreadLocalRandom.current().nextInt(256) + ".";
    private final String client = prefix + "-client";
    private final String router = prefix + "-router";
    private final String server = prefix + "-server";
    private final List<String> made = new ArrayList<>();

    Networks() throws InterruptedException {
        try {
            for (String host : List.of(client, router, server)) {
                ip("netns", "add", host);
                made.add(host);
                ip("-n", host, "link", "set", "dev", "lo", "up");
            }
            link(null, prefix + "c", 1, client, "test", 2);
            link(null, prefix + "s", 9, server, "test", 10);
            link(client, "wan", 17, router, "client", 18);
            link(server, "wan", 25, router, "server", 26);
            ip("-n", client, "route", "add", "default", "via", net + 18);
            ip("-n", server, "route", "add", "default", "via", net + 26);
            ip("netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        } catch (AssertionError | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** Connects two hosts, of which the first may be this one. */
    private void link(String one, String device, int number, String other, String otherDevice, int otherNumber)
            throws InterruptedException {
        List<String> first = one == null ? List.of() : List.of("-n", one);
        ip(first, "link", "add", device, "type", "veth", "peer", "name", otherDevice, "netns", other);
        ip(first, "address", "add", net + number + "/29", "dev", device);
        ip(first, "link", "set", "dev", device, "up");
        ip("-n", other, "address", "add", net + otherNumber + "/29", "dev", otherDevice);
        ip("-n", other, "link", "set", "dev", otherDevice, "up");
    }

    // ---- addresses

    /** Returns the address of this process at which the client's host finds its local service. */
    InetAddress service() {
        return address(net + 1);
    }

    /** Returns the address of the server for visitors, which are in this process. */
    String visitors() {
        return net + 10;
    }

    /** Returns the address of the server for its clients. */
    String control() {
        return net + 25;
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- programs

    /** Starts relay.jar on the server's host. */
    ChildProcess onServer(String... arguments) {
        return relay(server, arguments);
    }

    /** Starts relay.jar on the client's host. */
    ChildProcess onClient(String... arguments) {
        return relay(client, arguments);
    }

    /** Starts relay.jar on the router, which is yet another host for the server. */
    ChildProcess elsewhere(String... arguments) {
        return relay(router, arguments);
    }

    /** Starts a main class of these tests on the client's host. */
    ChildProcess onClient(Class<?> main, String... arguments) {
        return in(client, main, arguments);
    }

    /** Starts a main class of these tests on the router, which has all addresses that begin with {@link #strangers}. */
    ChildProcess onRouter(Class<?> main, String... arguments) throws InterruptedException {
        ip("-n", router, "route", "replace", "local", strangers() + "0.0/16", "dev", "lo");
        ip("-n", router, "route", "replace", visitors(), "via", control());
        return in(router, main, arguments);
    }

    private static ChildProcess in(String host, Class<?> main, String... arguments) {
        // Failsafe starts this process with a jar whose manifest has the class path.
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = new ArrayList<>(List.of(java, "-cp", path, main.getName()));
        command.addAll(List.of(arguments));
        return in(host, ChildProcess.builder(command.toArray(String[]::new)));
    }

    /** Returns the first two numbers of 65,536 addresses of the router, which the other hosts reach. */
    String strangers() {
        return net.startsWith("198.18.") ? "198.19." : "198.18.";
    }

    private static ChildProcess relay(String host, String... arguments) {
        return in(host, ChildProcess.relayBuilder(Map.of(), arguments));
    }

    private static ChildProcess in(String host, ProcessBuilder builder) {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", host));
        command.addAll(builder.command());
        return ChildProcess.start(builder.command(command));
    }

    /** Bounds the pauses of TCP between its attempts to send the same data, for new sockets of both hosts. Needs Linux 6.15. */
    void boundRetransmission() throws InterruptedException {
        for (String host : List.of(client, server)) {
            ip("netns", "exec", host, "sh", "-c", "echo 1000 > /proc/sys/net/ipv4/tcp_rto_max_ms");
        }
    }

    // ---- faults

    /**
     * Cuts the path between client and server until {@link #mend}.
     *
     * @param silent true if the router drops all packets; false if the link of the client's host has no carrier
     */
    void cut(boolean silent) throws InterruptedException {
        if (silent) ip("-n", router, "rule", "add", "pref", "100", "blackhole");
        else ip("-n", router, "link", "set", "dev", "client", "down");
    }

    /** Repairs what {@link #cut} did. */
    void mend(boolean silent) throws InterruptedException {
        if (silent) ip("-n", router, "rule", "del", "pref", "100");
        else ip("-n", router, "link", "set", "dev", "client", "up");
    }

    /** Drops the packets of one connection, without a word to either end, as a NAT does that has forgotten it. */
    void drop(int clientPort) throws InterruptedException {
        for (String direction : List.of("sport", "dport")) {
            ip("-n", router, "rule", "add", "pref", "101", "ipproto", "tcp", direction, "" + clientPort, "blackhole");
        }
    }

    /** Returns the client's ports of the present connections to a port of the server, in ascending order. */
    List<Integer> connectionsTo(int port, ChildProcess onClient) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + onClient.pid() + "/net/tcp6"))) {
            return lines.skip(1)
                    .map(line -> line.strip().split("\\s+"))
                    .filter(fields -> Integer.parseInt(fields[3], 16) == ESTABLISHED)
                    .filter(fields -> portOf(fields[2]) == port)
                    .map(fields -> portOf(fields[1]))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int portOf(String hexAddress) {
        return Integer.parseInt(hexAddress.substring(hexAddress.lastIndexOf(':') + 1), 16);
    }

    // ---- ip

    private static void ip(List<String> first, String... more) throws InterruptedException {
        List<String> arguments = new ArrayList<>(first);
        arguments.addAll(List.of(more));
        ip(arguments.toArray(String[]::new));
    }

    private static void ip(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        try (ChildProcess ip = ChildProcess.start(command.toArray(String[]::new))) {
            assertEquals(0, ip.awaitExit(), () -> NEEDED + "; " + ip);
        }
    }

    @Override
    public void close() {
        for (String host : made) {
            try {
                ip("netns", "delete", host); // with it, the links that end there
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
