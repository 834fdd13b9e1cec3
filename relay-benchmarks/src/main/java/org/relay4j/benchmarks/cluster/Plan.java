package org.relay4j.benchmarks.cluster;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.relay4j.benchmarks.load.Arguments;

/** The size of a run. Immutable. */
final class Plan {
    /** Where the registry is. */
    enum Store {
        ETCD,
        STANDIN
    }

    private static final int MOST_STEPS = 20;

    final Store store;
    final int nodes;
    final int tunnels;
    final int filling; // tunnels that are opened at once before the load
    final List<Integer> rates; // of each step: tunnels that come in a second; as many go
    final boolean kill; // whether a node is killed after the first step
    final int visitors; // in a second
    final int samples; // in a second, while tunnels come: those of which all nodes are asked
    final int rest; // seconds without load after the first tunnels
    final int warm; // seconds of the load of a step before the counted ones
    final int seconds;
    final int limit; // seconds of the whole run
    final String heap; // of a node, as in -Xmx
    final String jvm; // a further option of a node's JVM; empty if there is none
    final Path relay;
    final int control; // the lowest of four ports: of the nodes, of their links, and two of the store
    final String ports; // public ones
    final @Nullable Path out; // a folder for the results; null if they are only printed

    Plan(Arguments arguments) {
        store = Store.valueOf(arguments.text("store", "etcd").toUpperCase(Locale.ROOT));
        nodes = between("nodes", arguments.integer("nodes", 3), 1, 200);
        tunnels = between("tunnels", arguments.integer("tunnels", 100), nodes, 16_000);
        filling = between("filling", arguments.integer("filling", 8), 1, 256);
        rates = rates(arguments.text("rates", "0,10"));
        kill = arguments.flag("kill");
        if (kill && nodes == 1) throw new IllegalArgumentException("--kill needs two nodes or more");
        visitors = between("visitors", arguments.integer("visitors", 50), 1, 2_000);
        samples = between("samples", arguments.integer("samples", 1), 1, 100);
        rest = between("rest", arguments.integer("rest", 3), 1, 600);
        warm = between("warm", arguments.integer("warm", 5), 0, 600);
        seconds = between("secs", arguments.integer("secs", 20), 1, 3_600);
        limit = between("limit", arguments.integer("limit", 900), 10, 86_400);
        heap = arguments.text("heap", "128m");
        jvm = arguments.text("jvm", "");
        relay = Path.of(arguments.text("relay", "relay-cli/target/relay.jar"));
        control = between("control", arguments.integer("control", 7_000), 1, 65_532);
        ports = arguments.text("ports", "10000-31999");
        String folder = arguments.text("out", "");
        out = folder.isEmpty() ? null : Path.of(folder);
        arguments.rejectUnused();
    }

    private static List<Integer> rates(String text) {
        List<Integer> rates = new ArrayList<>();
        for (String each : text.split(",", -1)) rates.add(between("rates", Integer.parseInt(each), 0, 2_000));
        if (rates.size() > MOST_STEPS) throw new IllegalArgumentException("--rates has more than " + MOST_STEPS);
        return List.copyOf(rates);
    }

    private static int between(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException("--" + name + " is " + value + ", it must be " + least + " to " + most);
        }
        return value;
    }
}
