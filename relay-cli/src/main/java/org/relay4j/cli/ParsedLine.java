package org.relay4j.cli;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A command line whose options are known: their values as given, and the other arguments in order.
 *
 * @param values of each option, in order; a switch has one for each time it is given
 */
record ParsedLine(Map<Flag, List<String>> values, List<String> arguments, boolean help, boolean version) {
    private static final Map<String, Flag> FLAGS = byName();

    private static Map<String, Flag> byName() {
        Map<String, Flag> flags = new HashMap<>();
        for (Flag flag : Flag.values()) for (String name : flag.names()) flags.put(name, flag);
        return flags;
    }

    /**
     * Parses a command line of known options, each with a value that cannot be taken for an option. Returns null for any other one,
     * such as one that is wrong: {@link Syntax} parses it then. That is slower, because it loads a library for the messages.
     */
    static @Nullable ParsedLine plain(List<String> args) {
        Map<Flag, List<String>> values = new EnumMap<>(Flag.class);
        List<String> arguments = new ArrayList<>();
        for (int next = 0; next < args.size(); next++) {
            String word = args.get(next);
            if (word.isEmpty()) return null;
            if (word.charAt(0) != '-') {
                arguments.add(word);
                continue;
            }
            int end = word.indexOf('=');
            Flag flag = FLAGS.get(end < 0 ? word : word.substring(0, end));
            if (flag == null || (flag.isSwitch() && end >= 0)) return null;
            String value = "true";
            if (!flag.isSwitch()) {
                if (end < 0 && ++next == args.size()) return null;
                value = end < 0 ? args.get(next) : word.substring(end + 1);
                if (value.isEmpty() || value.charAt(0) == '-') return null;
            }
            values.computeIfAbsent(flag, unused -> new ArrayList<>(1)).add(value);
        }
        return new ParsedLine(values, arguments, false, false);
    }
}
