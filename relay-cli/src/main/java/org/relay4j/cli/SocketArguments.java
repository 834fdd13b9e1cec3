package org.relay4j.cli;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.SocketFile;
import org.relay4j.yamux.io.UnixSockets;

/** Who may connect to a Unix-domain socket that this process listens on. */
final class SocketArguments {
    private static final PosixFilePermission[] BITS = { // from the least significant one
        PosixFilePermission.OTHERS_EXECUTE,
        PosixFilePermission.OTHERS_WRITE,
        PosixFilePermission.OTHERS_READ,
        PosixFilePermission.GROUP_EXECUTE,
        PosixFilePermission.GROUP_WRITE,
        PosixFilePermission.GROUP_READ,
        PosixFilePermission.OWNER_EXECUTE,
        PosixFilePermission.OWNER_WRITE,
        PosixFilePermission.OWNER_READ
    };

    /** The permissions of an admin socket without an option: whoever can connect may shut the process down. */
    private static final Set<PosixFilePermission> OWNER =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Flag socket;
    private final @Nullable Value mode;
    private final @Nullable Value owner;
    private final @Nullable Set<PosixFilePermission> usual; // without an option; null: what the umask leaves

    private SocketArguments(Arguments arguments, Flag socket, Flag mode, Flag owner) {
        this.socket = socket;
        this.mode = arguments.get(mode);
        this.owner = arguments.get(owner);
        boolean hasModes =
                FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
        usual = socket == Flag.ADMIN && hasModes ? OWNER : null;
    }

    /** The socket for clients. */
    static SocketArguments ofControl(Arguments arguments) {
        return new SocketArguments(arguments, Flag.BIND, Flag.SOCKET_MODE, Flag.SOCKET_OWNER);
    }

    /** The socket of the admin address. */
    static SocketArguments ofAdmin(Arguments arguments) {
        return new SocketArguments(arguments, Flag.ADMIN, Flag.ADMIN_SOCKET_MODE, Flag.ADMIN_SOCKET_OWNER);
    }

    /** Returns whether the value of an option is a Unix-domain socket. */
    static boolean isSocket(@Nullable Value value) {
        return value != null && value.text().startsWith(UnixSockets.PREFIX);
    }

    /** Returns the path of a value for which {@link #isSocket} is true. */
    static Path path(Value value) {
        String text = value.text().substring(UnixSockets.PREFIX.length());
        if (text.isEmpty()) throw value.mustBe("unix:<path>, such as unix:/run/relay/control.sock");
        Path path = new Value(value.name(), text, value.folder()).path();
        String invalid = UnixSockets.invalid(path);
        if (invalid != null) throw CommandFailure.usage(value.name() + " is '" + value.text() + "': " + invalid);
        return path;
    }

    /** Returns who may connect. */
    SocketFile.Access access() {
        Set<PosixFilePermission> permissions = mode == null ? usual : permissions(mode);
        if (owner == null) return new SocketFile.Access(permissions, null, null);
        int colon = owner.text().indexOf(':');
        String user = colon < 0 ? owner.text() : owner.text().substring(0, colon);
        String group = colon < 0 ? "" : owner.text().substring(colon + 1);
        if (user.isEmpty() && group.isEmpty()) throw owner.mustBe("<user>, <user>:<group> or :<group>");
        return new SocketFile.Access(permissions, user.isEmpty() ? null : user, group.isEmpty() ? null : group);
    }

    private static Set<PosixFilePermission> permissions(Value mode) {
        if (!mode.text().matches("0?[0-7]{3}")) throw mode.mustBe("three octal digits, such as 660");
        int bits = Integer.parseInt(mode.text(), 8);
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        for (int i = 0; i < BITS.length; i++) {
            if ((bits & 1 << i) != 0) permissions.add(BITS[i]);
        }
        return permissions;
    }

    /** Throws if one of the options is set, but there is no socket. */
    void requireNone() {
        Value useless = mode == null ? owner : mode;
        if (useless == null) return;
        throw CommandFailure.usage(
                useless.name() + " has no effect without a Unix-domain socket; set " + socket + "=unix:<path>");
    }
}
