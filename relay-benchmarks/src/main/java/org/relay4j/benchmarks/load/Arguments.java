package org.relay4j.benchmarks.load;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The options of one command line: {@code --name value}, or {@code --name} alone for a flag. */
public final class Arguments {
    private static final String FLAG = "true";

    private final Map<String, String> values = new HashMap<>();
    private final Set<String> unused;

    public Arguments(String[] words, int first) {
        for (int i = first; i < words.length; i++) {
            if (!words[i].startsWith("--")) {
                throw new IllegalArgumentException("not an option: " + words[i]);
            }
            String name = words[i].substring(2);
            boolean hasValue = i + 1 < words.length && !words[i + 1].startsWith("--");
            values.put(name, hasValue ? words[++i] : FLAG);
        }
        unused = new TreeSet<>(values.keySet());
    }

    public String text(String name, String otherwise) {
        unused.remove(name);
        return values.getOrDefault(name, otherwise);
    }

    public int integer(String name, int otherwise) {
        String text = text(name, "");
        return text.isEmpty() ? otherwise : Integer.parseInt(text);
    }

    public double number(String name, double otherwise) {
        String text = text(name, "");
        return text.isEmpty() ? otherwise : Double.parseDouble(text);
    }

    public boolean flag(String name) {
        return text(name, "").equals(FLAG);
    }

    /** Returns the address of the mandatory option {@code --to host:port}. */
    InetSocketAddress to() {
        List<InetSocketAddress> all = targets();
        if (all.size() > 1) {
            throw new IllegalArgumentException("--to has " + all.size() + " ports; this mode needs one");
        }
        return all.get(0);
    }

    /** Returns the addresses of the mandatory option {@code --to host:port[,port...]}, at least one. */
    List<InetSocketAddress> targets() {
        String text = text("to", "");
        int colon = text.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("--to host:port is missing");
        }
        List<InetSocketAddress> all = new ArrayList<>();
        for (String port : text.substring(colon + 1).split(",", -1)) {
            all.add(new InetSocketAddress(text.substring(0, colon), Integer.parseInt(port)));
        }
        return all;
    }

    /** Fails if an option was given but not used: a typo must not run with the defaults. */
    public void rejectUnused() {
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException("unknown option --" + String.join(", --", unused));
        }
    }
}
