package org.relay4j.cli;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParseResult;

/** What the user asked for: a mode, its arguments, and the options from the command line or the environment. */
final class Arguments {
    private final Mode mode;
    private final List<String> positional;
    private final Map<Flag, Value> values;

    private Arguments(Mode mode, List<String> positional, Map<Flag, Value> values) {
        this.mode = mode;
        this.positional = positional;
        this.values = values;
    }

    /**
     * Understands a command line.
     *
     * @throws CommandFailure when it cannot be understood
     */
    static Arguments of(Syntax syntax, List<String> args, Map<String, String> environment) {
        ParseResult parsed = syntax.parse(args.toArray(String[]::new));
        if (parsed.isUsageHelpRequested()) return new Arguments(Mode.HELP, List.of(), Map.of());
        if (parsed.isVersionHelpRequested()) return new Arguments(Mode.VERSION, List.of(), Map.of());
        Map<Flag, Value> given = given(parsed);
        List<String> positional = parsed.unmatched();
        Mode mode = mode(given, positional, environment);
        for (Flag flag : given.keySet()) {
            if (!flag.belongsTo(mode)) throw misplaced(flag, mode);
        }
        fromEnvironment(mode, given, environment);
        Arguments arguments = new Arguments(mode, positional, given);
        arguments.checkCount();
        return arguments;
    }

    private static Map<Flag, Value> given(ParseResult parsed) {
        Map<Flag, Value> given = new EnumMap<>(Flag.class);
        for (Flag flag : Flag.values()) {
            if (!parsed.hasMatchedOption(flag.toString())) continue;
            Object value = parsed.matchedOptionValue(flag.toString(), (Object) "");
            given.put(flag, new Value(flag.toString(), String.valueOf(value)));
        }
        return given;
    }

    private static Mode mode(Map<Flag, Value> given, List<String> positional, Map<String, String> environment) {
        if (given.containsKey(Flag.LOCAL_FORWARD_PORT)) return Mode.FORWARDER;
        if (positional.equals(List.of("demo"))) return Mode.DEMO;
        // The variable alone does not make a forwarder of what was plainly meant as a server.
        boolean set = !environment
                .getOrDefault(Flag.LOCAL_FORWARD_PORT.variable(), "")
                .isEmpty();
        return set && positional.size() > 1 ? Mode.FORWARDER : Mode.SERVER;
    }

    private static CommandFailure misplaced(Flag flag, Mode mode) {
        String owner = flag.section().title().toLowerCase(Locale.ROOT);
        String reason = mode == Mode.FORWARDER ? " (because of " + Flag.LOCAL_FORWARD_PORT + ")" : "";
        return CommandFailure.usage(flag + " is an option of the " + owner + ", but this is " + mode + reason);
    }

    /** Variables of other modes are no mistake: one environment may serve several commands. */
    private static void fromEnvironment(Mode mode, Map<Flag, Value> given, Map<String, String> environment) {
        for (Flag flag : Flag.values()) {
            String text = environment.getOrDefault(flag.variable(), "");
            if (!text.isEmpty() && flag.belongsTo(mode)) given.putIfAbsent(flag, new Value(flag.variable(), text));
        }
    }

    private void checkCount() {
        int expected = mode == Mode.FORWARDER ? 2 : 1;
        if (positional.size() == expected) return;
        if (positional.size() > 2) throw unexpected(positional.get(2));
        throw mode == Mode.FORWARDER ? incompleteForwarder() : incompleteServer();
    }

    private CommandFailure incompleteForwarder() {
        String missing = "<host> and <port> are missing";
        if (positional.size() == 1)
            missing = positional.get(0).matches("-?\\d+") ? "<host> is missing" : "<port> is missing";
        return CommandFailure.usage("a forwarder needs the relay server's <host> and <port>: " + missing);
    }

    private CommandFailure incompleteServer() {
        if (positional.isEmpty()) return CommandFailure.usage("<localport> is missing: the port to listen on");
        if (mode == Mode.DEMO || positional.contains("demo")) return unexpected(positional.get(1));
        return CommandFailure.usage(
                "a server has one argument, <localport>, and a forwarder needs " + Flag.LOCAL_FORWARD_PORT + "=<port>");
    }

    private static CommandFailure unexpected(String argument) {
        return CommandFailure.usage("unexpected argument '" + argument + "'");
    }

    Mode mode() {
        return mode;
    }

    /** The argument at a place, under the name that the help text gives it. */
    Value argument(int index, String name) {
        return new Value(name, positional.get(index));
    }

    /** The value of an option, null when it was not given. */
    @Nullable
    Value get(Flag flag) {
        return values.get(flag);
    }

    /** True when an option without a value was given. */
    boolean has(Flag flag) {
        Value value = values.get(flag);
        return value != null && value.isOn();
    }

    /**
     * Passes the value of an option, if it was given, to an options builder of the library.
     *
     * @param check builds; what it objects to is this value, because those before were checked
     */
    void apply(Flag flag, Consumer<Value> setter, Runnable check) {
        Value value = values.get(flag);
        if (value == null) return;
        setter.accept(value);
        try {
            check.run();
        } catch (IllegalArgumentException e) {
            throw value.rejected(e);
        }
    }
}
