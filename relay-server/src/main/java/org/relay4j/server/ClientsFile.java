package org.relay4j.server;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** The clients of a TOML file. Errors begin with {@code file:line:column}; they never quote the value of a key. */
final class ClientsFile {
    /** Unit: bytes. */
    static final int LARGEST = 1 << 20;

    private static final String CLIENTS = "clients";

    private final String file; // its name, for messages

    private ClientsFile(String file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @throws IOException if the file cannot be read, is not TOML in UTF-8, or describes no clients; the message says where
     */
    static Map<String, NamedClient> read(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LARGEST + 1);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + e, e);
        }
        return parse(file.toString(), bytes);
    }

    /** The clients of a file with these bytes, by name. */
    static Map<String, NamedClient> parse(String file, byte[] bytes) throws IOException {
        return new ClientsFile(file).clients(bytes);
    }

    private Map<String, NamedClient> clients(byte[] bytes) throws IOException {
        if (bytes.length > LARGEST) {
            throw error(TomlPosition.positionAt(1, 1), "the file is larger than " + LARGEST + " bytes");
        }
        TomlTable root = toml(text(bytes));
        for (String key : root.keySet()) {
            if (key.equals(CLIENTS)) continue;
            throw error(position(root, key), "unknown key " + quoted(key) + "; a client is a table [clients.<name>]");
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
            throw error(at, "the client's name " + quoted(name) + " must have " + ClientName.FORM);
        }
        if (!(tables.get(List.of(name)) instanceof TomlTable table)) {
            throw error(at, "the client " + quoted(name) + " must be a table [clients." + name + "]");
        }
        return new ClientTable(this, name, table).client(at);
    }

    private String text(byte[] bytes) throws IOException {
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CharBuffer out = CharBuffer.allocate(bytes.length);
        CoderResult result = decoder.decode(in, out, true);
        String text = out.flip().toString();
        if (result.isError()) {
            int lines = (int) text.chars().filter(c -> c == '\n').count();
            int column = text.length() - text.lastIndexOf('\n');
            throw error(TomlPosition.positionAt(lines + 1, column), "the file is not valid UTF-8");
        }
        return text.startsWith("\uFEFF") ? text.substring(1) : text; // written by some editors
    }

    private TomlTable toml(String text) throws IOException {
        TomlParseResult result;
        try {
            result = Toml.parse(text);
        } catch (StackOverflowError e) {
            throw error(TomlPosition.positionAt(1, 1), "the values of the file are nested too deeply");
        }
        if (!result.hasErrors()) return result;
        TomlParseError first = result.errors().get(0);
        throw error(first.position(), visible(String.valueOf(first.getMessage())));
    }

    /** Where the key is in the file. */
    static TomlPosition position(TomlTable table, String key) {
        TomlPosition at = table.inputPositionOf(List.of(key));
        return at == null ? TomlPosition.positionAt(1, 1) : at;
    }

    /** An error in the file. */
    IOException error(TomlPosition at, String message) {
        return new IOException(file + ":" + at.line() + ":" + at.column() + ": " + message);
    }

    static String quoted(String key) {
        return '"' + visible(key) + '"';
    }

    private static String visible(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /** The known key that is most like {@code key}; null if none is. */
    static @Nullable String nearest(String key, List<String> known) {
        String nearest = null;
        int least = Math.max(2, key.length() / 3) + 1;
        for (String candidate : known) {
            int distance = distance(key, candidate);
            if (distance >= least) continue;
            least = distance;
            nearest = candidate;
        }
        return nearest;
    }

    /** The number of characters to insert, delete or replace (Levenshtein). */
    private static int distance(String from, String to) {
        if (from.length() > 2 * to.length()) return Integer.MAX_VALUE; // nothing alike, and perhaps very long
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) row[j] = j;
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.length()];
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
