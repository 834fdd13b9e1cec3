package org.relay4j.cli;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.files.TomlFile;
import org.relay4j.yamux.io.UnixSockets;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/**
 * The table of one service of a forwarder in the configuration file, such as {@code [forward.web]}. It becomes the text that the
 * command line would have.
 */
final class ForwardTable {
    static final String LOCAL = "local";

    private static final List<String> KEYS = List.of(LOCAL, Forward.PORT, Forward.HOST, Forward.SHARE);

    private final TomlFile file;
    private final TomlTable tables;
    private final String name;
    private final Path folder;

    /**
     * Does not read the table yet.
     *
     * @param tables those of all services
     * @param name the name of the service
     * @param folder of the file, with which a relative path begins
     */
    ForwardTable(TomlFile file, TomlTable tables, String name, Path folder) {
        this.file = file;
        this.tables = tables;
        this.name = name;
        this.folder = folder;
    }

    /** Returns the text of the service. */
    String service() throws IOException {
        if (!(tables.get(List.of(name)) instanceof TomlTable table)) {
            throw file.error(at(), title() + " must be a table, such as [forward.web] with " + LOCAL + " = 8080");
        }
        for (String key : ConfigFile.inOrder(table)) {
            if (KEYS.contains(key)) continue;
            String nearest = TomlFile.nearest(key, KEYS);
            throw file.error(
                    TomlFile.position(table, key),
                    "unknown key " + TomlFile.quoted(key) + " of " + title()
                            + (nearest == null
                                    ? "; its keys are local, port, host and share"
                                    : " (did you mean " + nearest + "?)"));
        }
        String local = text(table, LOCAL);
        if (local == null) {
            throw file.error(
                    at(),
                    title() + " has no " + LOCAL + "; add " + LOCAL
                            + " = <port>, \"<host>:<port>\" or \"unix:<path>\"");
        }
        String options = option(table, Forward.PORT) + option(table, Forward.HOST) + share(table);
        try {
            return Forward.of(name + "=" + inFolder(local) + options).toString();
        } catch (IllegalArgumentException e) {
            throw file.error(at(), title() + ": " + e.getMessage());
        }
    }

    /** A relative path begins at the folder of the file. */
    private String inFolder(String local) {
        if (!local.startsWith(UnixSockets.PREFIX)) return local;
        String path = local.substring(UnixSockets.PREFIX.length());
        if (path.isEmpty()) return local;
        return UnixSockets.text(UnixDomainSocketAddress.of(folder.resolve(path)));
    }

    private String option(TomlTable table, String key) throws IOException {
        String text = text(table, key);
        return text == null ? "" : "," + key + "=" + text;
    }

    private String share(TomlTable table) throws IOException {
        Object value = table.get(List.of(Forward.SHARE));
        if (value == null || Boolean.FALSE.equals(value)) return "";
        if (Boolean.TRUE.equals(value)) return "," + Forward.SHARE;
        throw file.error(
                TomlFile.position(table, Forward.SHARE), Forward.SHARE + " of " + title() + " must be true or false");
    }

    /** Returns the text of a key; null if there is none. */
    private @Nullable String text(TomlTable table, String key) throws IOException {
        Object value = table.get(List.of(key));
        if (value == null) return null;
        if (value instanceof Long number && !key.equals(Forward.HOST)) return number.toString();
        boolean isText = value instanceof String && !key.equals(Forward.PORT);
        if (isText && value instanceof String text && isPlain(text)) return text;
        throw file.error(TomlFile.position(table, key), key + " of " + title() + " must be " + demand(key));
    }

    /** Commas separate the options of a service, and line breaks the services. */
    private static boolean isPlain(String text) {
        return text.chars().noneMatch(c -> c == ',' || Character.isISOControl(c));
    }

    private static String demand(String key) {
        return switch (key) {
            case Forward.PORT -> "a whole number, without quotes";
            case Forward.HOST -> "a host name in quotes";
            default -> "a port, or a text in quotes without commas and control characters";
        };
    }

    private TomlPosition at() {
        return TomlFile.position(tables, name);
    }

    private String title() {
        return "[forward." + TomlFile.quoted(name).replaceAll("^\"([A-Za-z0-9_-]+)\"$", "$1") + "]";
    }
}
