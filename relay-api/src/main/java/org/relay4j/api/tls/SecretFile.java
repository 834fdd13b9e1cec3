package org.relay4j.api.tls;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Files for secrets. */
public final class SecretFile {
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private static final Set<PosixFilePermission> OF_OTHERS = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private SecretFile() {}

    /**
     * Checks that other users can neither read nor write a file. Has no effect on file systems without POSIX permissions.
     *
     * @param kind for the message, such as "key file"
     * @throws IOException if others have access, or the file does not exist; the message names it and the remedy
     */
    public static void requireOwnerOnly(String kind, Path file) throws IOException {
        Set<PosixFilePermission> permissions;
        try {
            permissions = EnumSet.copyOf(Files.getPosixFilePermissions(file));
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            return; // not a POSIX file system, or no permission at all
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        }
        permissions.retainAll(OF_OTHERS);
        if (permissions.isEmpty()) return;
        throw new IOException(
                kind + " " + file + " is accessible to other users; restrict it with \"chmod 600 " + file + "\"");
    }

    /**
     * Creates a file that only its owner can read, from its creation. Windows has no such permission at creation.
     *
     * @return a channel for writing
     * @throws FileAlreadyExistsException if the file exists
     */
    public static FileChannel create(Path file) throws IOException {
        Set<StandardOpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
        return posix ? FileChannel.open(file, options, OWNER_ONLY) : FileChannel.open(file, options);
    }
}
