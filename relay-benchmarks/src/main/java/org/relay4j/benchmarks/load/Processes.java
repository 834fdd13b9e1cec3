package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The processes of {@code --pids name:pid,name:pid}, whose CPU time and memory Linux shows under /proc. */
public final class Processes {
    private static final double TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux
    private static final double KIB_PER_MIB = 1024;
    // Counts fields after the command name, because the name may contain spaces.
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    private final Map<String, Path> folders = new LinkedHashMap<>();

    public Processes(String specification) {
        for (String each : specification.isEmpty() ? new String[0] : specification.split(",", -1)) {
            int colon = each.indexOf(':');
            String name = colon < 0 ? each : each.substring(0, colon);
            folders.put(name, Path.of("/proc", each.substring(colon + 1)));
        }
    }

    boolean isEmpty() {
        return folders.isEmpty();
    }

    /** Returns the CPU seconds used so far, by name. */
    public Map<String, Double> cpuSeconds() throws IOException {
        Map<String, Double> seconds = new LinkedHashMap<>();
        for (Map.Entry<String, Path> each : folders.entrySet()) {
            String line = Files.readString(each.getValue().resolve("stat"));
            String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ", -1);
            long ticks = Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS]);
            seconds.put(each.getKey(), ticks / TICKS_PER_SECOND);
        }
        return seconds;
    }

    /** Returns the resident memory in MiB, by name. */
    public Map<String, Double> residentMib() throws IOException {
        Map<String, Double> kib = status("VmRSS:");
        kib.replaceAll((name, value) -> value / KIB_PER_MIB);
        return kib;
    }

    Map<String, Double> threads() throws IOException {
        return status("Threads:");
    }

    private Map<String, Double> status(String field) throws IOException {
        Map<String, Double> values = new LinkedHashMap<>();
        for (Map.Entry<String, Path> each : folders.entrySet()) {
            for (String line : Files.readAllLines(each.getValue().resolve("status"))) {
                if (line.startsWith(field)) {
                    values.put(each.getKey(), Double.valueOf(line.replaceAll("[^0-9]", "")));
                }
            }
        }
        return values;
    }

    /** Returns the increase from {@code earlier} to {@code later}, by name. */
    public static Map<String, Double> difference(Map<String, Double> later, Map<String, Double> earlier) {
        Map<String, Double> more = new LinkedHashMap<>();
        later.forEach((name, value) -> more.put(name, value - earlier.getOrDefault(name, value)));
        return more;
    }
}
