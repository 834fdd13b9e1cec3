package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.files.FileStamp;
import org.relay4j.server.files.TomlFile;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * The options from a TOML file, which has one key for each. A value keeps its place in the file, for messages, and becomes the
 * text that the command line would have: only its TOML type is checked here.
 */
final class ConfigFile {
    // More than 300 lines because a third of them are messages, each of which names the place and the remedy.

    static final ConfigFile NONE = new ConfigFile("", Map.of(), Map.of(), null);
    static final String HOST = "host";
    static final String PORT = "port";

    /** Keys for values that must not be in a file that others can read. */
    private static final Map<String, String> SECRETS = Map.of(
            "key",
            Flag.KEY_FILE.keys().get(0) + " = \"<file>\", or set " + IdentityArguments.KEY_VARIABLE
                    + " in the environment",
            "proxy-credentials",
            Flag.PROXY_CREDENTIALS_FILE.keys().get(0) + " = \"<file>\", or set " + ProxyArguments.CREDENTIALS_VARIABLE
                    + " in the environment",
            "admin-token",
            Flag.ADMIN_TOKEN_FILE.keys().get(0) + " = \"<file>\", or set " + AdminArguments.TOKEN_VARIABLE
                    + " in the environment");

    /** Names that are not the key, but near in meaning. */
    private static final Map<String, String> MEANT = Map.of("localport", PORT, "server", HOST);

    private final String name;
    private final Map<Flag, Value> options;
    private final Map<String, Value> address; // host and port
    private final @Nullable FileStamp stamp;

    private ConfigFile(String name, Map<Flag, Value> options, Map<String, Value> address, @Nullable FileStamp stamp) {
        this.name = name;
        this.options = options;
        this.address = address;
        this.stamp = stamp;
    }

    /** Returns the stamp of the file before it was read; null if there is no file. */
    @Nullable
    FileStamp stamp() {
        return stamp;
    }

    /**
     * Reads the file that the user has named.
     *
     * @throws CommandFailure if it cannot be read, or has an error; the message says where
     */
    static ConfigFile read(Value name) {
        Path path = name.path();
        try {
            FileStamp stamp = FileStamp.of(path); // first: what is written from now on is a change
            return parse(path, TomlFile.read(path), stamp);
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            boolean placed = message.matches("(?s)" + Pattern.quote(path.toString()) + ":\\d+:\\d+: .*");
            String line = placed ? message : "cannot use " + name.name() + ": " + message;
            throw new CommandFailure(ExitCode.USAGE, line, e);
        }
    }

    private static ConfigFile parse(Path path, TomlFile file, FileStamp stamp) throws IOException {
        Path parent = path.getParent();
        Reader reader = new Reader(file, parent == null ? Path.of("") : parent);
        TomlTable root = file.root();
        for (String key : inOrder(root)) reader.read(key);
        return new ConfigFile(path.toString(), reader.options, reader.address, stamp);
    }

    /** Returns the keys of a table in the order of the file. */
    static List<String> inOrder(TomlTable table) {
        List<String> keys = new ArrayList<>(table.keySet());
        keys.sort(Comparator.comparing(
                key -> TomlFile.position(table, key),
                Comparator.comparingInt(TomlPosition::line).thenComparingInt(TomlPosition::column)));
        return keys;
    }

    /** Returns whether the file is for a forwarder or a server. */
    Mode mode() {
        return Arguments.forwarding(options) == null ? Mode.SERVER : Mode.FORWARDER;
    }

    /** Returns the relay server's host; null if the file has none. */
    @Nullable
    Value host() {
        return address.get(HOST);
    }

    /** Returns the relay server's port; null if the file has none. */
    @Nullable
    Value port() {
        return address.get(PORT);
    }

    /**
     * Adds the options that are not given already. {@code relay status} takes only the admin address and its token from the file of a
     * server or forwarder.
     *
     * @throws CommandFailure if the file has an option of another mode
     */
    void addTo(Map<Flag, Value> given, Mode mode) {
        if (mode == Mode.STATUS || mode == Mode.CLUSTER) {
            options.forEach((flag, value) -> {
                if (flag.section() == Flag.Section.ADMIN) given.putIfAbsent(flag, value);
            });
            return;
        }
        Value host = host();
        if (host != null && mode == Mode.SERVER) throw misplaced(host, Flag.Section.FORWARDER, mode, given);
        options.forEach((flag, value) -> {
            if (!flag.belongsTo(mode)) throw misplaced(value, flag.section(), mode, given);
            given.putIfAbsent(flag, value);
        });
    }

    private CommandFailure misplaced(Value value, Flag.Section section, Mode mode, Map<Flag, Value> given) {
        Map<Flag, Value> all = new EnumMap<>(options);
        all.putAll(given);
        Flag forwarding = Arguments.forwarding(all);
        Value forwarder = forwarding == null ? null : all.get(forwarding);
        String reason = forwarding == null || forwarder == null
                ? ", because it has no " + Flag.LOCAL_FORWARD_PORT.keys().get(0) + " and no table "
                        + Flag.FORWARD.keys().get(0)
                : forwarder.isFromFile()
                        ? ", because it has " + forwarding.keys().get(0)
                        : ", because of " + forwarder.name();
        return CommandFailure.usage(value.name() + " is an option of the "
                + section.title().toLowerCase(Locale.ROOT) + ", but this file is used for " + mode + reason);
    }

    /** Returns how to set a missing part of the address, after other ways; empty without a file. */
    String remedy(String key) {
        return this == NONE ? "" : "; or add " + key + " = <" + key + "> to " + name;
    }

    /** Returns the keys that a file may have. */
    static List<String> keys() {
        List<String> keys = new ArrayList<>(List.of(HOST, PORT));
        for (Flag flag : Flag.values()) {
            if (isOption(flag)) keys.add(flag.keys().get(0));
        }
        return keys;
    }

    private static boolean isOption(Flag flag) {
        return flag != Flag.CONFIG && (flag.belongsTo(Mode.SERVER) || flag.belongsTo(Mode.FORWARDER));
    }

    /** Reads the keys of one file. */
    private static final class Reader {
        final Map<Flag, Value> options = new EnumMap<>(Flag.class);
        final Map<String, Value> address = new LinkedHashMap<>();
        private final TomlFile file;
        private final Path folder;

        Reader(TomlFile file, Path folder) {
            this.file = file;
            this.folder = folder;
        }

        void read(String key) throws IOException {
            Object value = Objects.requireNonNull(file.root().get(List.of(key)));
            Flag flag = flag(key);
            if (key.equals(HOST)) address.put(key, new Value(name(key), string(key, value), folder));
            else if (key.equals(PORT)) address.put(key, new Value(name(key), number(key, value), folder));
            else if (flag == Flag.FORWARD) options.put(flag, new Value(name(key), services(key, value), folder));
            else if (flag == null) throw unknown(key, value);
            else {
                Value earlier = options.put(flag, new Value(name(key), text(key, flag, value), folder));
                if (earlier != null)
                    throw error(key, "is the same option as in " + earlier.name() + "; set one of them");
            }
        }

        private static @Nullable Flag flag(String key) {
            for (Flag flag : Flag.values()) {
                if (isOption(flag) && flag.keys().contains(key)) return flag;
            }
            return null;
        }

        /** Returns the text of a value as the command line would have it. */
        private String text(String key, Flag flag, Object value) throws IOException {
            return switch (flag.parameter()) {
                case "" -> {
                    if (value instanceof Boolean on) yield on.toString();
                    throw mustBe(key, value, "true or false, without quotes");
                }
                case "n", "port" -> number(key, value);
                case "time" -> numberOrString(key, value, "a time such as \"10s\", \"500ms\" or \"2m\"");
                case "bytes" -> numberOrString(key, value, "a number of bytes such as \"512k\" or \"4m\"");
                case "min-max" -> numberOrString(key, value, "a range of ports such as \"20000-29999\"");
                case "networks", "fingerprints", "servers" -> list(key, value);
                default -> string(key, value);
            };
        }

        private String number(String key, Object value) throws IOException {
            if (value instanceof Long number) return number.toString();
            throw mustBe(key, value, "a whole number, without quotes");
        }

        private String numberOrString(String key, Object value, String what) throws IOException {
            if (value instanceof Long number) return number.toString();
            if (value instanceof String text) return printable(key, text);
            throw mustBe(key, value, what);
        }

        private String string(String key, Object value) throws IOException {
            if (value instanceof String text) return printable(key, text);
            throw mustBe(key, value, "a text in quotes");
        }

        private String list(String key, Object value) throws IOException {
            if (!(value instanceof TomlArray array)) {
                if (value instanceof String text) return printable(key, text);
                throw mustBe(key, value, "a list of texts, such as [\"a\", \"b\"]");
            }
            if (array.isEmpty()) throw error(key, "is an empty list; remove the key for the default");
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < array.size(); i++) {
                if (!(array.get(i) instanceof String text))
                    throw mustBe(key, array.get(i), "a list of texts in quotes");
                texts.add(printable(key, text));
            }
            return String.join(",", texts);
        }

        private String services(String key, Object value) throws IOException {
            String what = "tables, such as [" + key + ".web] with " + ForwardTable.LOCAL + " = 8080";
            if (!(value instanceof TomlTable tables)) throw mustBe(key, value, what);
            if (tables.isEmpty()) throw error(key, "is an empty table, it must be " + what);
            List<String> services = new ArrayList<>();
            for (String name : inOrder(tables)) services.add(new ForwardTable(file, tables, name, folder).service());
            return String.join(Forward.SEPARATOR, services);
        }

        private String printable(String key, String text) throws IOException {
            if (text.chars().noneMatch(Character::isISOControl)) return text;
            throw error(key, "must not have line breaks or other control characters");
        }

        private IOException unknown(String key, Object value) {
            if (value instanceof TomlTable) {
                return file.error(
                        at(key),
                        "the table " + TomlFile.quoted(key) + " is unknown; the tables are ["
                                + Flag.FORWARD.keys().get(0)
                                + ".<name>], and all other keys are at the top level, such as " + PORT + " = 7000");
            }
            String instead = SECRETS.get(key);
            if (instead != null) {
                return error(key, "is a secret, which must not be in this file; use " + instead);
            }
            if (key.equals(Flag.CONFIG.keys().get(0))) return error(key, "cannot be in a configuration file");
            String meant = MEANT.get(key);
            String nearest = meant == null ? TomlFile.nearest(key, keys()) : meant;
            String remedy = nearest == null
                    ? "; docs/configuration.md has a list of all keys"
                    : " (did you mean " + nearest + "?)";
            return file.error(at(key), "unknown key " + TomlFile.quoted(key) + remedy);
        }

        private TomlPosition at(String key) {
            return TomlFile.position(file.root(), key);
        }

        private String name(String key) {
            return file.place(at(key)) + ": " + key;
        }

        private IOException mustBe(String key, Object value, String what) {
            String shown = value instanceof TomlTable
                    ? "a table"
                    : value instanceof TomlArray
                            ? "a list"
                            : value instanceof String text ? TomlFile.quoted(text) : value.toString();
            return error(key, "is " + shown + ", it must be " + what);
        }

        private IOException error(String key, String message) {
            return file.error(at(key), key + " " + message);
        }
    }
}
