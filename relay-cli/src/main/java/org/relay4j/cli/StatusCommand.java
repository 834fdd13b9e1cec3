package org.relay4j.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.json.JsonReader;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/**
 * The commands {@code relay status} and {@code relay cluster status}: ask the admin address of a server or forwarder for its tunnels, or
 * of a node for its cluster.
 */
final class StatusCommand {
    static final String USUAL = "127.0.0.1:7001";
    static final int LONGEST = 4 << 20; // bytes; a thousand tunnels need less than one MiB

    private static final Duration PATIENCE = Duration.ofSeconds(10); // for the whole answer

    private final Arguments arguments;
    private final Output output;
    private final Duration patience;

    StatusCommand(Arguments arguments, Output output) {
        this(arguments, output, PATIENCE);
    }

    StatusCommand(Arguments arguments, Output output, Duration patience) {
        this.arguments = arguments;
        this.output = output;
        this.patience = patience;
    }

    void run() throws InterruptedException {
        Value given = arguments.get(Flag.ADMIN);
        SocketAddress address = address(given == null ? new Value("--admin", USUAL) : given);
        String where = address instanceof UnixDomainSocketAddress unix
                ? UnixSockets.text(unix)
                : Sockets.text((InetSocketAddress) address);
        String token = new AdminArguments(arguments).tokenText();
        AdminClient.Answer answer = ask(address, where, token);
        Object read = read(answer.body());
        if (answer.status() != 200) throw refused(where, answer, read, token != null);
        if (!(read instanceof Map<?, ?> status) || !isStatus(status)) throw stranger(where);
        if (arguments.has(Flag.JSON)) {
            // JSON has no line breaks within strings, so this is still the same object.
            output.text(answer.body().strip().replaceAll("\\R", " ") + System.lineSeparator());
        } else output.text(isOfCluster() ? new ClusterTable(status).toString() : new StatusTable(status).toString());
    }

    private boolean isOfCluster() {
        return arguments.mode() == Mode.CLUSTER;
    }

    private boolean isStatus(Map<?, ?> status) {
        return isOfCluster() ? ClusterTable.isStatus(status) : StatusTable.isStatus(status);
    }

    private static SocketAddress address(Value admin) {
        if (SocketArguments.isSocket(admin)) return UnixDomainSocketAddress.of(SocketArguments.path(admin));
        // A configuration file may have the address of all interfaces, which is no destination everywhere.
        InetSocketAddress address = AdminArguments.address(admin);
        boolean all = address.getAddress().isAnyLocalAddress();
        return all ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort()) : address;
    }

    /** The reading is on another thread, because HttpClient times only the head of an answer. */
    private AdminClient.Answer ask(SocketAddress address, String where, @Nullable String token)
            throws InterruptedException {
        String path = isOfCluster() ? "/api/cluster" : "/api/tunnels";
        AdminClient client = new AdminClient(path, token, patience, LONGEST);
        CompletableFuture<AdminClient.Answer> future = CompletableFuture.supplyAsync(() -> {
            try {
                return client.ask(address);
            } catch (IOException | InterruptedException e) {
                throw new CompletionException(e);
            }
        });
        try {
            return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            String line =
                    where + " did not answer within " + patience.toMillis() + " ms; check the address, and try again";
            throw new CommandFailure(ExitCode.UNREACHABLE, line, e);
        } catch (ExecutionException e) {
            throw unreachable(address, where, e.getCause());
        }
    }

    private static CommandFailure unreachable(SocketAddress address, String where, @Nullable Throwable cause) {
        String line = "no answer from " + where + ": " + Printable.of(String.valueOf(cause));
        if (address instanceof UnixDomainSocketAddress unix && cause instanceof SocketException failure) {
            String reason = UnixSockets.reason(unix, failure);
            if (reason != null) line = "cannot connect to " + where + ": " + reason;
        } else if (cause instanceof ConnectException) {
            line = "cannot connect to " + where + "; start the server or forwarder with " + Flag.ADMIN + "=" + where
                    + ", or name its admin address with " + Flag.ADMIN;
        }
        return new CommandFailure(ExitCode.UNREACHABLE, line, cause);
    }

    private static @Nullable Object read(String body) {
        try {
            return JsonReader.read(body);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static CommandFailure stranger(String where) {
        String line = where + " is not the admin address of a relay; check " + Flag.ADMIN;
        return new CommandFailure(ExitCode.UNREACHABLE, line, null);
    }

    private static CommandFailure refused(
            String where, AdminClient.Answer answer, @Nullable Object read, boolean withToken) {
        Object error = read instanceof Map<?, ?> members ? members.get("error") : null;
        if (!(error instanceof String text)) return stranger(where);
        String line = where + " answered with status " + answer.status() + ": " + Printable.of(text);
        if (answer.status() == 401) {
            String remedy = withToken
                    ? "check the token"
                    : "set " + AdminArguments.TOKEN_VARIABLE + " or " + Flag.ADMIN_TOKEN_FILE + "=<file>";
            return new CommandFailure(ExitCode.NOT_ACCEPTED, line + "; " + remedy, null);
        }
        if (answer.status() == 429) {
            boolean known = answer.retryAfter().matches("\\d{1,5}");
            String remedy = "; try again " + (known ? "in " + answer.retryAfter() + " s" : "later");
            return new CommandFailure(ExitCode.NOT_ACCEPTED, line + remedy, null);
        }
        return new CommandFailure(ExitCode.FAILURE, line, null);
    }
}
