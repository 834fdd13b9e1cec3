package org.relay4j.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.SecretFile;

/**
 * The files that a command creates in a folder. It never overwrites a file, and if one of them cannot be written, it removes
 * those that it has already written.
 */
final class NewFiles {
    private final @Nullable Value out; // the folder as the user named it; null: the current one
    private final Path folder;
    private final List<Path> written = new ArrayList<>();

    NewFiles(@Nullable Value out) {
        this.out = out;
        try {
            folder = Path.of(out == null ? "" : out.text());
        } catch (InvalidPathException e) {
            throw CommandFailure.usage(String.valueOf(out) + " is not a folder name: " + e.getReason());
        }
    }

    /** Returns the path of a file in the folder. */
    Path path(String name) {
        return folder.resolve(name);
    }

    /**
     * Returns the path of a file to write.
     *
     * @throws CommandFailure if the file exists
     */
    Path claim(String name) {
        Path file = path(name);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) throw exists(file);
        return file;
    }

    /** Creates a file. */
    private interface Creation {
        WritableByteChannel create(Path file) throws IOException;
    }

    void write(Path file, String text) {
        create(file, text, path -> Files.newByteChannel(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /** Writes a file that only its owner can read, as {@link SecretFile} does. */
    void writeSecret(Path file, String text) {
        create(file, text, SecretFile::create);
    }

    private void create(Path file, String text, Creation creation) {
        createFolder();
        try (WritableByteChannel channel = creation.create(file)) {
            written.add(file);
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) channel.write(bytes);
        } catch (FileAlreadyExistsException e) {
            removeWritten();
            throw exists(file);
        } catch (IOException e) {
            removeWritten();
            throw cannotWrite(file, e);
        }
    }

    private void createFolder() {
        if (Files.isDirectory(folder.toAbsolutePath())) return;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw cannotWrite(folder, e);
        }
    }

    private void removeWritten() {
        for (Path file : written) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // the reported failure matters more
            }
        }
    }

    private CommandFailure exists(Path file) {
        return CommandFailure.usage(
                file + " exists, and is not overwritten; remove it, or choose another folder with " + Flag.KEYGEN_OUT);
    }

    private CommandFailure cannotWrite(Path file, IOException e) {
        String remedy = "; " + (out == null ? "choose" : "correct " + out.name() + " or choose")
                + " a folder that you can write to";
        return new CommandFailure(ExitCode.USAGE, "cannot write " + file + ": " + reason(e) + remedy, e);
    }

    /** Returns the file system's reason, which many of its exceptions do not have in their text. */
    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) return "permission denied";
        if (e instanceof NotDirectoryException || e instanceof FileAlreadyExistsException) return "it is not a folder";
        if (e instanceof NoSuchFileException) return "no such folder";
        if (e instanceof FileSystemException system && system.getReason() != null) return system.getReason();
        return e.toString();
    }
}
