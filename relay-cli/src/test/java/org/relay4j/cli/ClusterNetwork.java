package org.relay4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The hosts of a cluster: three nodes and three members of etcd. A router joins them and this process, and can drop the packets from
 * one host to another. Needs root and iproute2. {@link #close} removes everything.
 */
final class ClusterNetwork implements AutoCloseable {
    /*
     *   test (this process) ---- router ---- n1, n2, n3, e1, e2, e3
     *
     * Each line is a network of eight addresses, of which the router has the first one. The router drops without a word to either end,
     * in one direction or both.
     */
    private static final String FAULTS = "100"; // the preference of the rules that drop

    private final Hosts hosts = new Hosts();
    private final String router;
    private final List<String> names = List.of("n1", "n2", "n3", "e1", "e2", "e3");
    private final List<List<String>> dropping = new ArrayList<>(); // selectors of rules

    ClusterNetwork() throws InterruptedException {
        try {
            router = hosts.add("router");
            hosts.link(null, hosts.device("r"), 2, router, "test", 1);
            Hosts.ip("route", "add", hosts.network(), "via", hosts.address(1));
            hosts.forward(router);
            for (String name : names) {
                String host = hosts.add(name);
                int first = first(name);
                hosts.link(host, "lan", first + 2, router, name, first + 1);
                Hosts.ip("-n", host, "route", "add", "default", "via", hosts.address(first + 1));
            }
        } catch (AssertionError | InterruptedException e) {
            close();
            throw e;
        }
    }

    private int first(String name) {
        return 8 * (1 + names.indexOf(name));
    }

    /** Returns the address of a host. */
    String address(String name) {
        return hosts.address(first(name) + 2);
    }

    /** Starts a program on a host. */
    ChildProcess start(String name, ProcessBuilder builder) {
        return Hosts.start(hosts.device("-" + name), builder);
    }

    /** Starts relay.jar on a host. */
    ChildProcess relay(String name, Map<String, String> variables, String... arguments) {
        return start(name, ChildProcess.relayBuilder(variables, arguments));
    }

    // ---- faults

    /** Drops what one host sends to another one, until {@link #mend}. */
    void drop(String from, String to) throws InterruptedException {
        add("from", address(from), "to", address(to));
    }

    /** Drops everything that a host sends or is sent, until {@link #mend}. */
    void silence(String name) throws InterruptedException {
        add("from", address(name));
        add("to", address(name));
    }

    private void add(String... selector) throws InterruptedException {
        dropping.add(List.of(selector));
        rule("add", List.of(selector));
    }

    /** Repairs all of them. */
    void mend() throws InterruptedException {
        for (List<String> each : dropping) rule("del", each);
        dropping.clear();
    }

    private void rule(String action, List<String> selector) throws InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("-n", router, "rule", action, "pref", FAULTS));
        arguments.addAll(selector);
        arguments.add("blackhole");
        Hosts.ip(arguments.toArray(String[]::new));
    }

    @Override
    public void close() {
        hosts.close();
    }
}
