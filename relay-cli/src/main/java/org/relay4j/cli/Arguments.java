package org.relay4j.cli;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.files.FileStamp;

/** The user's request: a mode, the server's address, and the options from command line, environment and configuration file. */
final class Arguments {
    // More than 300 lines because which arguments exclude or need each other is decided here, in one place.

    /** Words that select a mode if they are the first argument. */
    private static final Map<String, Mode> WORDS = Map.of(
            "keygen",
            Mode.KEYGEN,
            "demo",
            Mode.DEMO,
            "status",
            Mode.STATUS,
            "cluster",
            Mode.CLUSTER,
            "help",
            Mode.HELP,
            "version",
            Mode.VERSION);

    /** What to do with the server or forwarder that the other arguments describe. */
    enum Action {
        RUN,
        SHOW,
        CHECK
    }

    /** Words that select another action than to run. */
    private static final Map<String, Action> ACTIONS = Map.of("config", Action.SHOW, "check", Action.CHECK);

    private static final ServerAddress NONE = new ServerAddress(null, null);

    private final Action action;
    private final Mode mode;
    private final ServerAddress address;
    private final Map<Flag, Value> values;
    private final Source source;

    private Arguments(Action action, Mode mode, ServerAddress address, Map<Flag, Value> values, Source source) {
        this.action = action;
        this.mode = mode;
        this.address = address;
        this.values = values;
        this.source = source;
    }

    /** What the arguments were parsed from. */
    private record Source(
            List<String> line,
            Map<String, String> environment,
            @Nullable FileStamp file) {}

    /**
     * Parses a command line.
     *
     * @throws CommandFailure if it is wrong
     */
    static Arguments of(List<String> args, Map<String, String> environment) {
        ParsedLine plain = ParsedLine.plain(args);
        ParsedLine parsed = plain == null ? new Syntax().parse(args) : plain;
        Source source = new Source(args, environment, null);
        if (parsed.help()) return informing(Mode.HELP, source);
        if (parsed.version()) return informing(Mode.VERSION, source);
        Map<Flag, Value> given = given(parsed);
        List<String> positional = parsed.arguments();
        Action action = action(args, given, positional);
        if (action != Action.RUN) positional = positional.subList(1, positional.size());
        Mode word = action == Action.RUN ? word(given, positional) : null;
        if (word == Mode.HELP || word == Mode.VERSION) {
            if (positional.size() > 1) {
                String first = positional.get(0);
                throw unexpected(positional.get(1), " after " + first + "; relay " + first + " takes no argument");
            }
            return informing(word, source);
        }
        boolean configured = word == null || word == Mode.STATUS || word == Mode.CLUSTER;
        ConfigFile file = configured ? file(given, environment) : ConfigFile.NONE;
        Mode mode = word == null ? mode(given, positional, environment, file) : word;
        for (Flag flag : given.keySet()) {
            if (!flag.belongsTo(mode)) throw misplaced(flag, mode, forwarding(given));
        }
        fromEnvironment(mode, given, environment);
        file.addTo(given, mode);
        ServerAddress address = address(mode, positional, environment, file);
        boolean socket = mode == Mode.SERVER && SocketArguments.isSocket(given.get(Flag.BIND));
        if (action != Action.SHOW && !socket) address.require(mode, file);
        return new Arguments(action, mode, address, given, new Source(args, environment, file.stamp()));
    }

    /** Returns the first words that select a mode or an action, in alphabetical order. */
    static Set<String> words() {
        Set<String> words = new TreeSet<>(WORDS.keySet());
        words.addAll(ACTIONS.keySet());
        return words;
    }

    /** Returns the modes that are possible after one of the {@link #words}. */
    static Set<Mode> modes(String word) {
        Mode mode = WORDS.get(word);
        return mode == null ? Set.of(Mode.SERVER, Mode.FORWARDER) : Set.of(mode);
    }

    private static Arguments informing(Mode mode, Source source) {
        return new Arguments(Action.RUN, mode, NONE, Map.of(), source);
    }

    /** Returns the stamp of the configuration file before it was read; null if there is none. */
    @Nullable
    FileStamp file() {
        return source.file();
    }

    /** Parses the same command line again, whose configuration file may have changed. */
    Arguments again() {
        return of(source.line(), source.environment());
    }

    /** Returns these arguments with other values for some options. */
    Arguments with(Set<Flag> changed, Arguments other) {
        Map<Flag, Value> merged = new EnumMap<>(Flag.class);
        merged.putAll(values);
        for (Flag flag : changed) {
            Value value = other.get(flag);
            if (value == null) merged.remove(flag);
            else merged.put(flag, value);
        }
        return new Arguments(action, mode, address, merged, source);
    }

    /** Returns the action. A relay server may have the name of one: then an option of a forwarder is before it. */
    private static Action action(List<String> args, Map<Flag, Value> given, List<String> positional) {
        if (positional.isEmpty()) return Action.RUN;
        String word = positional.get(0);
        boolean first = args.get(0).equals(word) || forwarding(given) == null;
        return first ? ACTIONS.getOrDefault(word, Action.RUN) : Action.RUN;
    }

    private static Map<Flag, Value> given(ParsedLine parsed) {
        Map<Flag, Value> given = new EnumMap<>(Flag.class);
        parsed.values().forEach((flag, texts) -> {
            String separator = flag.separator();
            if (texts.size() > 1 && separator == null) throw repeated(flag, texts);
            String text = separator == null ? texts.get(0) : String.join(separator, texts);
            given.put(flag, new Value(flag.toString(), text));
        });
        return given;
    }

    private static CommandFailure repeated(Flag flag, List<String> texts) {
        String values = flag.isSwitch() ? "" : ": '" + String.join("', '", texts) + "'";
        return CommandFailure.usage(flag + " is given " + texts.size() + " times" + values + "; give it once");
    }

    /** Returns the mode that a word selects; null for a server or forwarder. */
    private static @Nullable Mode word(Map<Flag, Value> given, List<String> positional) {
        if (forwarding(given) != null || positional.isEmpty()) return null;
        return WORDS.get(positional.get(0));
    }

    private static ConfigFile file(Map<Flag, Value> given, Map<String, String> environment) {
        Value name = given.get(Flag.CONFIG);
        if (name != null) return ConfigFile.read(name);
        String variable = Flag.CONFIG.variable();
        String text = environment.getOrDefault(variable, "");
        return text.isEmpty() ? ConfigFile.NONE : ConfigFile.read(new Value(variable, text));
    }

    private static Mode mode(
            Map<Flag, Value> given, List<String> positional, Map<String, String> environment, ConfigFile file) {
        if (forwarding(given) != null) return Mode.FORWARDER;
        if (file != ConfigFile.NONE) return file.mode();
        // A variable alone does not turn a command for a server into a forwarder.
        boolean server = positional.size() == 1 && ServerAddress.isNumber(positional.get(0));
        Map<Flag, Value> variables = new EnumMap<>(Flag.class);
        fromEnvironment(Mode.FORWARDER, variables, environment);
        return forwarding(variables) != null && !server ? Mode.FORWARDER : Mode.SERVER;
    }

    /** Returns the option that makes this a command for a forwarder; null if there is none. */
    static @Nullable Flag forwarding(Map<Flag, Value> options) {
        for (Flag flag : options.keySet()) {
            if (flag.isForwarding()) return flag;
        }
        return null;
    }

    private static CommandFailure misplaced(Flag flag, Mode mode, @Nullable Flag forwarding) {
        String owner = flag.section().title().toLowerCase(Locale.ROOT);
        String reason = mode == Mode.FORWARDER && forwarding != null ? " (because of " + forwarding + ")" : "";
        return CommandFailure.usage(flag + " is an option of the " + owner + ", but this is " + mode + reason);
    }

    /** Ignores variables of other modes, because one environment may serve several commands. */
    private static void fromEnvironment(Mode mode, Map<Flag, Value> given, Map<String, String> environment) {
        for (Flag flag : Flag.values()) {
            String text = environment.getOrDefault(flag.variable(), "");
            if (!text.isEmpty() && flag.hasVariableIn(mode)) given.putIfAbsent(flag, new Value(flag.variable(), text));
        }
    }

    private static ServerAddress address(
            Mode mode, List<String> positional, Map<String, String> environment, ConfigFile file) {
        if (mode == Mode.CLUSTER) {
            if (positional.size() > 2) throw unexpected(positional.get(2), " after cluster status");
            if (positional.size() == 2 && positional.get(1).equals("status")) return NONE;
            throw CommandFailure.usage("relay cluster needs the word status: relay cluster status");
        }
        if (mode == Mode.DEMO || mode == Mode.KEYGEN || mode == Mode.STATUS) {
            if (positional.size() > 1) throw unexpected(positional.get(1), " after " + positional.get(0));
            return NONE;
        }
        if (positional.size() > 2) throw unexpected(positional.get(2), "");
        if (mode == Mode.FORWARDER) return ServerAddress.of(positional, environment, file);
        if (positional.size() == 2
                || (positional.size() == 1 && positional.get(0).indexOf(':') >= 0)) {
            throw CommandFailure.usage("a server has one argument, <localport>, and a forwarder needs "
                    + Flag.LOCAL_FORWARD_PORT + "=<port>");
        }
        if (positional.size() == 1) return new ServerAddress(null, new Value("<localport>", positional.get(0)));
        return ServerAddress.of(positional, environment, file);
    }

    private static CommandFailure unexpected(String argument, String place) {
        return CommandFailure.usage("unexpected argument '" + argument + "'" + place);
    }

    Action action() {
        return action;
    }

    Mode mode() {
        return mode;
    }

    /** Returns true if these arguments start a server or forwarder, which can read its configuration again. */
    boolean isReloadable() {
        return action == Action.RUN && (mode == Mode.SERVER || mode == Mode.FORWARDER);
    }

    /** Returns the relay server's address, a part of which may be missing if it is only shown. */
    ServerAddress address() {
        return address;
    }

    /** Returns the relay server's host. */
    Value host() {
        return Objects.requireNonNull(address.host());
    }

    /** Returns the relay server's port. */
    Value port() {
        return Objects.requireNonNull(address.port());
    }

    /** Returns the value of an option; null if it is not set. */
    @Nullable
    Value get(Flag flag) {
        return values.get(flag);
    }

    /** An environment variable that is not the value of an option; null if it is not set. */
    @Nullable
    String variable(String name) {
        String text = source.environment().getOrDefault(name, "");
        return text.isEmpty() ? null : text;
    }

    /** Returns true if an option without a value is set. */
    boolean has(Flag flag) {
        Value value = values.get(flag);
        return value != null && value.isOn();
    }

    /** Returns the value of {@code --log-level}, which must not be set together with {@code --quiet}; null if it is not set. */
    @Nullable
    Value logLevel() {
        Value level = get(Flag.LOG_LEVEL);
        if (level == null || !has(Flag.QUIET)) return level;
        throw CommandFailure.usage(Flag.QUIET + " and " + level.name() + " are both set; use one of them");
    }

    /**
     * Passes the value of an option, if it is set, to an options builder of the library.
     *
     * @param check builds the options; a failure is caused by this value, because earlier ones were checked
     */
    void apply(Flag flag, Consumer<Value> setter, Runnable check) {
        Value value = values.get(flag);
        if (value == null) return;
        setter.accept(value);
        check(value, check);
    }

    /**
     * Passes the value of each option that is set, as {@link #apply(Flag, Consumer, Runnable)} does for one.
     *
     * @param setter returns false if it does not use the option
     */
    void apply(BiPredicate<Flag, Value> setter, Runnable check) {
        values.forEach((flag, value) -> {
            if (setter.test(flag, value)) check(value, check);
        });
    }

    private static void check(Value value, Runnable check) {
        try {
            check.run();
        } catch (IllegalArgumentException e) {
            throw value.rejected(e);
        }
    }
}
