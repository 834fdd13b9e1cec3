package org.relay4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
     * the local service and for visitors.
     */
    private static final int ESTABLISHED = 1;

    private final Hosts hosts = new Hosts();
    private final String client;
    private final String router;
    private final String server;

    Networks() throws InterruptedException {
        try {
            client = hosts.add("client");
            router = hosts.add("router");
            server = hosts.add("server");
            hosts.link(null, hosts.device("c"), 1, client, "test", 2);
            hosts.link(null, hosts.device("s"), 9, server, "test", 10);
            hosts.link(client, "wan", 17, router, "client", 18);
            hosts.link(server, "wan", 25, router, "server", 26);
            Hosts.ip("-n", client, "route", "add", "default", "via", hosts.address(18));
            Hosts.ip("-n", server, "route", "add", "default", "via", hosts.address(26));
            hosts.forward(router);
        } catch (AssertionError | InterruptedException e) {
            close();
            throw e;
        }
    }

    // ---- addresses

    /** Returns the address of this process at which the client's host finds its local service. */
    InetAddress service() {
        return Hosts.parse(hosts.address(1));
    }

    /** Returns the address of the server for visitors, which are in this process. */
    String visitors() {
        return hosts.address(10);
    }

    /** Returns the address of the server for its clients. */
    String control() {
        return hosts.address(25);
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
        return Hosts.start(client, main, arguments);
    }

    /** Starts a main class of these tests on the router, which has all addresses that begin with {@link #strangers}. */
    ChildProcess onRouter(Class<?> main, String... arguments) throws InterruptedException {
        Hosts.ip("-n", router, "route", "replace", "local", strangers() + "0.0/16", "dev", "lo");
        Hosts.ip("-n", router, "route", "replace", visitors(), "via", control());
        return Hosts.start(router, main, arguments);
    }

    /** Returns the first two numbers of 65,536 addresses of the router, which the other hosts reach. */
    String strangers() {
        return hosts.address(0).startsWith("198.18.") ? "198.19." : "198.18.";
    }

    private static ChildProcess relay(String host, String... arguments) {
        return Hosts.start(host, ChildProcess.relayBuilder(Map.of(), arguments));
    }

    /** Bounds the pauses of TCP between its attempts to send the same data, for new sockets of both hosts. Needs Linux 6.15. */
    void boundRetransmission() throws InterruptedException {
        for (String host : List.of(client, server)) {
            hosts.set(host, "net/ipv4/tcp_rto_max_ms", "1000");
        }
    }

    // ---- faults

    /**
     * Cuts the path between client and server until {@link #mend}.
     *
     * @param silent true if the router drops all packets; false if the link of the client's host has no carrier
     */
    void cut(boolean silent) throws InterruptedException {
        if (silent) Hosts.ip("-n", router, "rule", "add", "pref", "100", "blackhole");
        else Hosts.ip("-n", router, "link", "set", "dev", "client", "down");
    }

    /** Repairs what {@link #cut} did. */
    void mend(boolean silent) throws InterruptedException {
        if (silent) Hosts.ip("-n", router, "rule", "del", "pref", "100");
        else Hosts.ip("-n", router, "link", "set", "dev", "client", "up");
    }

    /** Drops the packets of one connection, without a word to either end, as a NAT does that has forgotten it. */
    void drop(int clientPort) throws InterruptedException {
        for (String direction : List.of("sport", "dport")) {
            Hosts.ip(
                    "-n",
                    router,
                    "rule",
                    "add",
                    "pref",
                    "101",
                    "ipproto",
                    "tcp",
                    direction,
                    "" + clientPort,
                    "blackhole");
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

    @Override
    public void close() {
        hosts.close();
    }
}
