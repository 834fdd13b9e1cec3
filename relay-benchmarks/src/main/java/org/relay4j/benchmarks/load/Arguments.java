package org.relay4j.benchmarks.load;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The options of one command line: {@code --name value}, or {@code --name} alone for a flag. */
final class Arguments {
    private static final String FLAG = "true";

    private final Map<String, String> values = new HashMap<>();
    private final Set<String> unused;

    Arguments(String[] words, int first) {
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

    String text(String name, String otherwise) {
        unused.remove(name);
        return values.getOrDefault(name, otherwise);
    }

    int integer(String name, int otherwise) {
        String text = text(name, "");
        return text.isEmpty() ? otherwise : Integer.parseInt(text);
    }

    double number(String name, double otherwise) {
        String text = text(name, "");
        return text.isEmpty() ? otherwise : Double.parseDouble(text);
    }

    boolean flag(String name) {
        return text(name, "").equals(FLAG);
    }

    /** Returns the address of the mandatory option {@code --to host:port}. */
    InetSocketAddress to() {
        String text = text("to", "");
        int colon = text.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("--to host:port is missing");
        }
        return new InetSocketAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    /** Fails if an option was given but not used: a typo must not run with the defaults. */
    void rejectUnused() {
        if (!unused.isEmpty()) {
            throw new IllegalArgumentException("unknown option --" + String.join(", --", unused));
        }
    }
}
