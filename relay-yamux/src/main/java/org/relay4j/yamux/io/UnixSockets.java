package org.relay4j.yamux.io;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Utilities that check and describe Unix-domain sockets. */
public final class UnixSockets {
    /** What the text of an address begins with. */
    public static final String PREFIX = "unix:";

    private static final int LONGEST = 107; // bytes of a path; some systems have fewer

    private UnixSockets() {}

    /** Returns an address as text, such as {@code unix:/run/app.sock}. */
    public static String text(UnixDomainSocketAddress address) {
        return PREFIX + address.getPath();
    }

    /** Returns why no socket can have this path, with the remedy; null if one can. */
    public static @Nullable String invalid(Path path) {
        int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length == 0) return "the path of the socket is empty; use one such as /run/app.sock";
        if (length <= LONGEST) return null;
        return "the path of a socket has at most " + LONGEST + " bytes, and this one has " + length
                + "; use a shorter path";
    }

    /**
     * Returns why a connect to a socket has failed, and what to do. To find out, it looks at the file. Returns null if a process
     * listens on the socket: its backlog was full then, and another attempt may succeed.
     */
    public static @Nullable String reason(UnixDomainSocketAddress address, IOException failure) {
        Path path = address.getPath();
        try {
            BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
            if (file.isDirectory()) return "it is a folder, not a socket; correct the path";
            if (!file.isOther()) return "it is a file, not a socket; correct the path";
        } catch (NoSuchFileException e) {
            return "no such file; start the service, or correct the path";
        } catch (AccessDeniedException e) {
            return "permission denied; give this user access to its folder";
        } catch (FileSystemException e) {
            return e.getReason() + "; correct the path";
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
        if (!Files.isWritable(path)) return "permission denied; give this user write permission for the socket";
        if (failure instanceof ConnectException) return "nobody listens on it; start the service";
        return null;
    }
}
