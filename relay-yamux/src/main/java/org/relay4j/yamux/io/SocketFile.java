package org.relay4j.yamux.io;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A Unix-domain socket that this process listens on, and its file. Safe for use by several threads. */
public final class SocketFile implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SocketFile.class);

    private static final String NO_MODES =
            "this system has no mode, owner and group of files; do without these options";
    private static final long PRIVATE_NAMES = 36L * 36 * 36 * 36 * 36; // of five digits with radix 36

    private final Path path;
    private final ServerSocketChannel channel;
    private final @Nullable Object key; // of the file; null if the system has none

    /**
     * Who may connect.
     *
     * @param mode null means what the umask of the process leaves
     * @param owner null means the user of the process
     * @param group null means the group of the process
     */
    public record Access(
            @Nullable Set<PosixFilePermission> mode,
            @Nullable String owner,
            @Nullable String group) {
        /** What the umask of the process leaves to others. */
        public static final Access USUAL = new Access(null, null, null);
    }

    private SocketFile(Path path, ServerSocketChannel channel) {
        this.path = path;
        this.channel = channel;
        key = key(path);
    }

    /**
     * Listens on a socket. A file that another process has left behind is replaced, if it is a socket on which nobody listens.
     *
     * @param backlog maximum number of connections that wait to be accepted
     * @throws BindException if that is not possible; the message names the path, the reason and the remedy
     */
    public static SocketFile bind(Path path, int backlog, Access access) throws BindException {
        String invalid = UnixSockets.invalid(path);
        if (invalid != null) throw failure(path, invalid, null);
        removeStale(path);
        ServerSocketChannel channel = null;
        boolean bound = false;
        try {
            channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            if (access.equals(Access.USUAL)) channel.bind(UnixDomainSocketAddress.of(path), backlog);
            else bindPrivately(channel, path, backlog, access);
            bound = true;
            return new SocketFile(path, channel);
        } catch (IOException | UnsupportedOperationException e) {
            throw failure(path, reason(path, e), e);
        } finally {
            if (channel != null && !bound) Sockets.close(channel);
        }
    }

    /**
     * A bind creates the socket with the mode that the umask leaves, and connections that arrive before the mode is changed stay. So
     * the socket is created in a folder that only this user can enter, and moved to its path when its owner and mode are right.
     */
    private static void bindPrivately(ServerSocketChannel channel, Path path, int backlog, Access access)
            throws IOException {
        if (Files.getFileAttributeView(path, PosixFileAttributeView.class) == null) throw new IOException(NO_MODES);
        Path folder = path.resolveSibling(
                "." + Long.toString(ThreadLocalRandom.current().nextLong(PRIVATE_NAMES), Character.MAX_RADIX));
        Path created = folder.resolve("s");
        String invalid = UnixSockets.invalid(created);
        if (invalid != null) throw new IOException("it is created as " + created + ", but " + invalid);
        Files.createDirectory(
                folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        try {
            channel.bind(UnixDomainSocketAddress.of(created), backlog);
            admit(created, access);
            Files.move(created, path); // fails if there is a file by now
        } finally {
            remove(created);
            remove(folder);
        }
    }

    private static void removeStale(Path path) throws BindException {
        BasicFileAttributes file;
        try {
            file = Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            return; // there is none, or the bind has a better reason
        }
        if (!file.isOther()) {
            throw failure(path, "it exists, and is not a socket; choose another path, or remove it", null);
        }
        if (isAnswered(path)) {
            throw failure(path, "it is in use; choose another path, or stop the process that uses it", null);
        }
        try {
            Files.deleteIfExists(path);
            log.info("removed {}, on which nobody listened", path);
        } catch (IOException e) {
            throw failure(path, "it exists, and cannot be removed; check the permissions of its folder", e);
        }
    }

    /** Returns false if no process listens on the socket. Returns true if one does, or if that cannot be determined. */
    private static boolean isAnswered(Path path) {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            return probe.connect(UnixDomainSocketAddress.of(path)) || probe.isConnectionPending();
        } catch (ConnectException e) {
            return false;
        } catch (IOException e) {
            return true; // no permission, or its backlog is full
        }
    }

    private static String reason(Path path, Exception failure) {
        if (failure instanceof FileAlreadyExistsException) {
            return "another process has just created it; choose another path, or stop that process";
        }
        Path folder = path.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) return "there is no folder " + folder + "; create it";
        if (!Files.isWritable(folder))
            return "permission denied; make the folder " + folder + " writable for this user";
        return String.valueOf(failure.getMessage());
    }

    private static BindException failure(Path path, String why, @Nullable Exception cause) {
        BindException failure = new BindException("cannot listen on " + UnixSockets.PREFIX + path + ": " + why);
        failure.initCause(cause);
        return failure;
    }

    private static void admit(Path path, Access access) throws IOException {
        // Without NOFOLLOW_LINKS, with which the JDK would open the file to change its mode. That is impossible with a
        // socket.
        PosixFileAttributeView view = Files.getFileAttributeView(path, PosixFileAttributeView.class);
        if (view == null) throw new IOException(NO_MODES);
        UserPrincipalLookupService names = path.getFileSystem().getUserPrincipalLookupService();
        String wanted = ""; // JDK 25 does not say in the exception whom it has not found
        try {
            if (access.group != null) {
                wanted = access.group;
                view.setGroup(names.lookupPrincipalByGroupName(wanted));
            }
            if (access.owner != null) {
                wanted = access.owner;
                view.setOwner(names.lookupPrincipalByName(wanted));
            }
        } catch (UserPrincipalNotFoundException e) {
            throw new IOException("there is no user or group " + wanted + "; correct its name", e);
        } catch (IOException e) {
            throw new IOException(
                    "its owner or group cannot be changed; only root may set the owner, and a user only one of his groups",
                    e);
        }
        if (access.mode != null) view.setPermissions(access.mode);
    }

    private static @Nullable Object key(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            log.debug("cannot read {}: {}", path, e.toString());
            return null;
        }
    }

    /** Returns the listening channel. */
    public ServerSocketChannel channel() {
        return channel;
    }

    /** Returns the path as text, such as {@code unix:/run/app.sock}. */
    @Override
    public String toString() {
        return UnixSockets.PREFIX + path;
    }

    /** Closes the socket and removes its file, unless another process has put its own in its place. */
    @Override
    public void close() {
        boolean own = key != null && key.equals(key(path));
        Sockets.close(channel);
        if (own) remove(path);
    }

    private static void remove(Path path) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            log.debug("cannot remove {}: {}", path, e.toString());
        }
    }
}
