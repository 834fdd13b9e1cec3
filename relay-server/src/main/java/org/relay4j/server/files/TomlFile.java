package org.relay4j.server.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/** A TOML file from a user: bounded, in UTF-8, with the place of each key. Errors begin with {@code file:line:column}. */
public final class TomlFile {
    /** Size of the largest file that is read. Unit: bytes. */
    public static final int LARGEST = 1 << 20;

    private static final int LONGEST_QUOTE = 200; // characters of a file in a message
    private static final TomlPosition BEGIN = TomlPosition.positionAt(1, 1);

    private final String name;
    private final TomlTable root;

    private TomlFile(String name, byte[] bytes) throws IOException {
        this.name = name;
        if (bytes.length > LARGEST) throw error(BEGIN, "the file is larger than " + LARGEST + " bytes");
        root = toml(text(bytes));
    }

    /**
     * Reads a file.
     *
     * @throws IOException if the file cannot be read, or is not TOML in UTF-8; the message says where
     */
    public static TomlFile read(Path file) throws IOException {
        if (Files.isDirectory(file)) throw new IOException("cannot read " + file + ": it is a directory");
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LARGEST + 1);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        } catch (AccessDeniedException e) {
            throw new IOException("cannot read " + file + ": permission denied", e);
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + e, e);
        }
        return new TomlFile(file.toString(), bytes);
    }

    /** Parses the bytes of the file with a name. */
    public static TomlFile parse(String name, byte[] bytes) throws IOException {
        return new TomlFile(name, bytes);
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
            throw error(BEGIN, "the values of the file are nested too deeply");
        }
        if (!result.hasErrors()) return result;
        TomlParseError first = result.errors().get(0);
        throw error(first.position(), visible(String.valueOf(first.getMessage())));
    }

    /** Returns the table of the keys at the top level. */
    public TomlTable root() {
        return root;
    }

    /** Returns the place of a key. */
    public static TomlPosition position(TomlTable table, String key) {
        TomlPosition at = table.inputPositionOf(List.of(key));
        return at == null ? BEGIN : at;
    }

    /** Returns {@code file:line:column}. */
    public String place(TomlPosition at) {
        return name + ":" + at.line() + ":" + at.column();
    }

    /** Returns an error at a place of the file. */
    public IOException error(TomlPosition at, String message) {
        return new IOException(place(at) + ": " + message);
    }

    /** Returns a text of the file for a message. */
    public static String quoted(String key) {
        return '"' + visible(key) + '"';
    }

    private static String visible(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= LONGEST_QUOTE ? line : line.substring(0, LONGEST_QUOTE) + "...";
    }

    /** Returns the known key that is most like {@code key}; null if none is. */
    public static @Nullable String nearest(String key, List<String> known) {
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

    /** Returns the number of characters to insert, delete or replace (Levenshtein). */
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
}
