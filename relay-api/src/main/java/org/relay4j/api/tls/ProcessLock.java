package org.relay4j.api.tls;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Reserves a file that is replaced atomically for one owner among all processes of this machine. Safe for use by several threads.
 */
public final class ProcessLock implements Closeable {
    /*
     * A lock on the file itself would be lost with its replacement. So it is on another file beside it, which stays: if it were
     * removed, two owners could each lock a file of their own. The operating system releases the lock with the process.
     */

    /** What this process has locked. A POSIX lock is lost when any descriptor of its file is closed, so none is opened twice. */
    private static final Set<Path> OWNED = ConcurrentHashMap.newKeySet();

    private final Path beside;
    private final FileChannel channel;

    private ProcessLock(Path beside, FileChannel channel) {
        this.beside = beside;
        this.channel = channel;
    }

    /**
     * Locks a file that need not exist. The lock file has the same name and ends with {@code .lock}.
     *
     * @param file its folder exists
     * @return null if there is another owner, in this process or another
     * @throws FileSystemException if the lock file cannot be used; the reason says what to do
     */
    public static @Nullable ProcessLock take(Path file) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null) throw new FileSystemException(file.toString(), null, "it is a directory");
        Path beside = folder.toRealPath().resolve(absolute.getFileName() + ".lock");
        if (!OWNED.add(beside)) return null;
        FileChannel channel = null;
        try {
            channel = lock(beside);
        } finally {
            if (channel == null) OWNED.remove(beside);
        }
        return channel == null ? null : new ProcessLock(beside, channel);
    }

    /** Returns null if another process has the lock. */
    private static @Nullable FileChannel lock(Path beside) throws IOException {
        FileChannel channel;
        try {
            channel = open(beside);
        } catch (IOException e) {
            throw failure(beside, "cannot open " + beside + ": " + reason(e) + "; check who owns it", e);
        }
        FileLock taken = null;
        try {
            taken = channel.tryLock();
        } catch (IOException e) {
            throw failure(beside, "cannot lock " + beside + ": " + reason(e) + "; use a local file system", e);
        } finally {
            if (taken == null) channel.close();
        }
        return taken == null ? null : channel;
    }

    private static FileChannel open(Path beside) throws IOException {
        try {
            return SecretFile.create(beside);
        } catch (FileAlreadyExistsException e) { // the usual case: it stays
            return FileChannel.open(beside, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        }
    }

    /** Returns why something failed, without the path, which the message has already. */
    public static String reason(IOException failure) {
        if (failure instanceof FileSystemException known) {
            String reason = known.getReason();
            return reason == null ? failure.getClass().getSimpleName() : reason;
        }
        return String.valueOf(failure.getMessage());
    }

    private static FileSystemException failure(Path beside, String reason, IOException cause) {
        FileSystemException failure = new FileSystemException(beside.toString(), null, reason);
        failure.initCause(cause);
        return failure;
    }

    /** Lets another owner have the file. Has no effect if that was done before. */
    @Override
    public void close() throws IOException {
        if (!channel.isOpen()) return;
        try {
            channel.close();
        } finally {
            OWNED.remove(beside);
        }
    }
}
