package org.relay4j.server;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.ProcessLock;
import org.relay4j.api.tls.SecretFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file in which a server keeps its tunnels with leases for the next process. It belongs to one process at a time. The
 * methods block until the disk has answered.
 */
final class StateFile implements StateWriter.Target {
    /*
     * The file is replaced atomically: a reader never sees a part of it, and neither does the next process after a crash.
     */

    private static final Logger log = LoggerFactory.getLogger(StateFile.class);
    private static final int BUFFER = 64 * 1024; // bytes

    private final Path file;
    private final Path next; // written first, then moved
    private final ProcessLock lock;

    private StateFile(Path file, ProcessLock lock) {
        this.file = file;
        this.lock = lock;
        next = file.resolveSibling(file.getFileName() + ".new");
    }

    /**
     * Takes the file for this process. It need not exist yet.
     *
     * @throws FileSystemException if it cannot be used, or another process has it; the message says what to do
     */
    static StateFile open(Path path) throws IOException {
        Path file = locate(path);
        ProcessLock lock;
        try {
            lock = ProcessLock.take(file);
        } catch (IOException e) {
            throw unusable(path, ProcessLock.reason(e), e);
        }
        if (lock != null) return new StateFile(file, lock);
        throw unusable(path, "a running relay server uses it; stop that one, or name another file", null);
    }

    /** Returns the file behind symbolic links. */
    private static Path locate(Path path) throws IOException {
        Path file = path.toAbsolutePath();
        if (Files.isDirectory(file) || file.getFileName() == null) {
            throw unusable(path, "it is a directory; name a file in it", null);
        }
        if (Files.exists(file)) file = file.toRealPath();
        Path folder = file.getParent();
        if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
            throw unusable(path, folder + " is not a directory in which this user may create files", null);
        }
        file = folder.toRealPath().resolve(file.getFileName());
        boolean there = Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        if (there && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw unusable(path, "it is not a regular file; name another one", null);
        }
        return file;
    }

    /**
     * Reads the tunnels; none if there is no file.
     *
     * @throws FileSystemException if the file cannot be read or is malformed; the message says where and what to do
     */
    List<KeptTunnel> read() throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(StateText.LARGEST + 1);
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw unusable(file, "cannot read it: " + ProcessLock.reason(e) + "; check who owns it", e);
        }
        try {
            return StateText.parse(bytes);
        } catch (StateText.Malformed e) {
            throw unusable(
                    file,
                    "it is malformed, " + e.getMessage()
                            + "; repair it, or remove it to start without the tunnels of the last process",
                    e);
        }
    }

    /**
     * Replaces the content for the first time.
     *
     * @throws FileSystemException if it cannot be written; the message says what to do
     */
    void begin(Collection<KeptTunnel> tunnels) throws IOException {
        try {
            write(tunnels);
        } catch (IOException e) {
            throw unusable(file, "cannot write it: " + ProcessLock.reason(e) + "; check its folder and the disk", e);
        }
    }

    /** Replaces the content. When this returns, it has reached the disk. */
    @Override
    public void write(Collection<KeptTunnel> tunnels) throws IOException {
        Files.deleteIfExists(next); // left by a process that was killed
        try (FileChannel channel = SecretFile.create(next)) {
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
            StateText.write(tunnels, out);
            out.flush();
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
        forceFolder();
    }

    /** Writes the move to the disk. Windows cannot do that. */
    private void forceFolder() throws IOException {
        Path folder = file.getParent();
        if (folder == null
                || !folder.getFileSystem().supportedFileAttributeViews().contains("posix")) return;
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Lets another process have the file. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            log.debug("cannot release {}: {}", file, e.toString());
        }
    }

    private static FileSystemException unusable(Path file, String why, @Nullable Exception cause) {
        FileSystemException failure = new FileSystemException(file.toString(), null, why);
        failure.initCause(cause);
        return failure;
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
