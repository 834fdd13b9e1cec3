package org.relay4j.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.admin.AdminProcess;
import org.relay4j.cli.admin.AdminServer;
import org.relay4j.cli.admin.AdminToken;
import org.relay4j.yamux.io.SocketFile;

/** The admin address of the server and the forwarder. The token itself is never an argument, which other users could see. */
final class AdminArguments {
    static final String TOKEN_VARIABLE = "RELAY_ADMIN_TOKEN";

    private final Arguments arguments;

    AdminArguments(Arguments arguments) {
        this.arguments = arguments;
    }

    /** Checks the address and the token. */
    void check() {
        Value admin = arguments.get(Flag.ADMIN);
        AdminToken token = token(admin);
        if (admin != null && SocketArguments.isSocket(admin)) {
            SocketArguments.path(admin);
            SocketArguments.ofAdmin(arguments).access();
            return;
        }
        SocketArguments.ofAdmin(arguments).requireNone();
        if (admin != null) address(admin, token);
    }

    private static InetSocketAddress address(Value admin, @Nullable AdminToken token) {
        InetSocketAddress address = address(admin);
        if (token == null && !address.getAddress().isLoopbackAddress()) {
            throw CommandFailure.usage(admin.name() + " is '" + admin.text() + "', which other machines can reach; set "
                    + TOKEN_VARIABLE + " or " + Flag.ADMIN_TOKEN_FILE + "=<file>, or use 127.0.0.1");
        }
        return address;
    }

    /** Opens the admin address; returns null if there is none. It is closed after everything that is registered later. */
    @Nullable
    AdminServer open(Shutdown shutdown) {
        Value admin = arguments.get(Flag.ADMIN);
        AdminToken token = token(admin);
        AdminProcess process = new AdminProcess() {
            @Override
            public boolean isDraining() {
                return shutdown.isClosing();
            }

            @Override
            public void drain() {
                shutdown.begin();
            }
        };
        if (admin != null && SocketArguments.isSocket(admin)) return shutdown.closes(open(admin, token, process));
        SocketArguments.ofAdmin(arguments).requireNone();
        if (admin == null) return null;
        InetSocketAddress address = address(admin, token);
        try {
            return shutdown.closes(AdminServer.open(address, token, process));
        } catch (BindException e) {
            if (!BindFailure.isLocal(address.getAddress()))
                throw admin.mustBe("an address of this machine, and a port");
            throw new BindFailure(System.getProperty("os.name")).of(address, e);
        } catch (IOException e) {
            throw unusable(admin, e);
        }
    }

    private AdminServer open(Value admin, @Nullable AdminToken token, AdminProcess process) {
        Path path = SocketArguments.path(admin);
        SocketFile.Access access = SocketArguments.ofAdmin(arguments).access();
        try {
            return AdminServer.open(path, access, token, process);
        } catch (BindException e) {
            throw new CommandFailure(ExitCode.PORT_UNAVAILABLE, String.valueOf(e.getMessage()), e);
        } catch (IOException e) {
            throw unusable(admin, e);
        }
    }

    private static CommandFailure unusable(Value admin, IOException why) {
        return new CommandFailure(
                ExitCode.FAILURE, "cannot open " + admin.name() + "=" + admin.text() + ": " + why.getMessage(), why);
    }

    static InetSocketAddress address(Value admin) {
        String text = admin.text();
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("["); // an IPv6 address without a port
        if (host.isEmpty() || bare || !text.substring(colon + 1).matches("\\d{1,5}")) {
            throw admin.mustBe("an address and a port, such as 127.0.0.1:7001 or [::1]:7001, or unix:<path>");
        }
        int port = new Value(admin.name(), text.substring(colon + 1)).port(0);
        InetAddress address = new Value(admin.name(), new Value(admin.name(), host).host()).address();
        return new InetSocketAddress(address, port);
    }

    /** Returns the token with which to ask an admin address; null if there is none. */
    @Nullable
    String tokenText() {
        return read(Secret.of(arguments, Flag.ADMIN_TOKEN_FILE, TOKEN_VARIABLE));
    }

    private @Nullable AdminToken token(@Nullable Value admin) {
        Secret secret = Secret.of(arguments, Flag.ADMIN_TOKEN_FILE, TOKEN_VARIABLE);
        Value file = secret.file();
        if (admin == null) {
            if (file == null) return null; // one environment may serve several commands
            throw CommandFailure.usage(
                    file.name() + " needs " + Flag.ADMIN + "=<address>:<port> or " + Flag.ADMIN + "=unix:<path>");
        }
        String token = read(secret);
        return token == null ? null : AdminToken.of(token);
    }

    private static @Nullable String read(Secret secret) {
        Value file = secret.file();
        String token = secret.text();
        try {
            if (file != null) return AdminToken.read(file.path());
            return token == null ? null : AdminToken.checked(token);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use " + file.name() + ": " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use " + TOKEN_VARIABLE + ": " + e.getMessage(), e);
        }
    }
}
