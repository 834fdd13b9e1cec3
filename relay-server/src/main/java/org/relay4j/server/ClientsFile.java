package org.relay4j.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.relay4j.api.control.ClientName;
import org.relay4j.server.files.TomlFile;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** The clients of a TOML file. Errors begin with {@code file:line:column}; they never quote the value of a key. */
final class ClientsFile {
    private static final String CLIENTS = "clients";

    private final TomlFile file;

    private ClientsFile(TomlFile file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @throws IOException if the file cannot be read, is not TOML in UTF-8, or describes no clients; the message says where
     */
    static Map<String, NamedClient> read(Path file) throws IOException {
        return new ClientsFile(TomlFile.read(file)).clients();
    }

    /** The clients of a file with these bytes, by name. */
    static Map<String, NamedClient> parse(String file, byte[] bytes) throws IOException {
        return new ClientsFile(TomlFile.parse(file, bytes)).clients();
    }

    private Map<String, NamedClient> clients() throws IOException {
        TomlTable root = file.root();
        for (String key : root.keySet()) {
            if (key.equals(CLIENTS)) continue;
            throw error(
                    position(root, key),
                    "unknown key " + TomlFile.quoted(key) + "; a client is a table [clients.<name>]");
        }
        Object value = root.get(List.of(CLIENTS));
        if (value == null) return Map.of();
        if (!(value instanceof TomlTable tables)) {
            throw error(position(root, CLIENTS), "\"clients\" must be a table; a client is a table [clients.<name>]");
        }
        Map<String, NamedClient> clients = new LinkedHashMap<>();
        for (String name : tables.keySet()) clients.put(name, client(name, tables));
        return Map.copyOf(clients);
    }

    private NamedClient client(String name, TomlTable tables) throws IOException {
        TomlPosition at = position(tables, name);
        if (!ClientName.isValid(name)) {
            throw error(at, "the client's name " + TomlFile.quoted(name) + " must have " + ClientName.FORM);
        }
        if (!(tables.get(List.of(name)) instanceof TomlTable table)) {
            throw error(at, "the client " + TomlFile.quoted(name) + " must be a table [clients." + name + "]");
        }
        return new ClientTable(file, name, table).client(at);
    }

    private static TomlPosition position(TomlTable table, String key) {
        return TomlFile.position(table, key);
    }

    private IOException error(TomlPosition at, String message) {
        return file.error(at, message);
    }

    /** The names that have lost a proof between two readings of a file. */
    static Set<String> revoked(Map<String, NamedClient> before, Map<String, NamedClient> after) {
        Set<String> revoked = new HashSet<>();
        before.forEach((name, client) -> {
            NamedClient now = after.get(name);
            if (now == null || !now.hasSameProofs(client)) revoked.add(name);
        });
        return revoked;
    }
}
