package org.relay4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.json.JsonReader;
import org.relay4j.yamux.io.Sockets;

/** The command {@code relay status}: asks the admin address of a server or forwarder for its tunnels. */
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

    private record Answer(int status, String body, String retryAfter) {}

    void run() throws InterruptedException {
        Value given = arguments.get(Flag.ADMIN);
        InetSocketAddress address = target(AdminArguments.address(given == null ? new Value("--admin", USUAL) : given));
        String where = Sockets.text(address);
        String token = new AdminArguments(arguments).tokenText();
        Answer answer = ask(address, where, token);
        Object read = read(answer.body);
        if (answer.status != 200) throw refused(where, answer, read, token != null);
        if (!(read instanceof Map<?, ?> status) || !StatusTable.isStatus(status)) throw stranger(where);
        if (arguments.has(Flag.JSON)) {
            // JSON has no line breaks within strings, so this is still the same object.
            output.text(answer.body.strip().replaceAll("\\R", " ") + System.lineSeparator());
        } else output.text(new StatusTable(status).toString());
    }

    /** A configuration file may have the address of all interfaces, which is no destination everywhere. */
    private static InetSocketAddress target(InetSocketAddress address) {
        boolean all = address.getAddress().isAnyLocalAddress();
        return all ? new InetSocketAddress(InetAddress.getLoopbackAddress(), address.getPort()) : address;
    }

    /** The reading is on another thread, because HttpClient times only the head of an answer. */
    private Answer ask(InetSocketAddress address, String where, @Nullable String token) throws InterruptedException {
        CompletableFuture<Answer> future = CompletableFuture.supplyAsync(() -> {
            try {
                return ask(address, token);
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
            if (e.getCause() instanceof ConnectException) {
                String line = "cannot connect to " + where + "; start the server or forwarder with " + Flag.ADMIN + "="
                        + where + ", or name its admin address with " + Flag.ADMIN;
                throw new CommandFailure(ExitCode.UNREACHABLE, line, e);
            }
            String why = Printable.of(String.valueOf(e.getCause()));
            throw new CommandFailure(ExitCode.UNREACHABLE, "no answer from " + where + ": " + why, e);
        }
    }

    private Answer ask(InetSocketAddress address, @Nullable String token) throws IOException, InterruptedException {
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .proxy(HttpClient.Builder.NO_PROXY)
                .followRedirects(HttpClient.Redirect.NEVER) // it would get the token
                .connectTimeout(patience)
                .build();
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://" + Sockets.text(address) + "/api/tunnels"))
                .timeout(patience)
                .header("Accept", "application/json");
        if (token != null) request.header("Authorization", "Bearer " + token);
        HttpResponse<InputStream> response = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        try (InputStream body = response.body()) {
            byte[] bytes = body.readNBytes(LONGEST + 1);
            if (bytes.length > LONGEST) throw new IOException("the answer is longer than " + LONGEST + " bytes");
            String retry = response.headers().firstValue("Retry-After").orElse("");
            return new Answer(response.statusCode(), new String(bytes, StandardCharsets.UTF_8), retry);
        }
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

    private static CommandFailure refused(String where, Answer answer, @Nullable Object read, boolean withToken) {
        Object error = read instanceof Map<?, ?> members ? members.get("error") : null;
        if (!(error instanceof String text)) return stranger(where);
        String line = where + " answered with status " + answer.status + ": " + Printable.of(text);
        if (answer.status == 401) {
            String remedy = withToken
                    ? "check the token"
                    : "set " + AdminArguments.TOKEN_VARIABLE + " or " + Flag.ADMIN_TOKEN_FILE + "=<file>";
            return new CommandFailure(ExitCode.NOT_ACCEPTED, line + "; " + remedy, null);
        }
        if (answer.status == 429) {
            boolean known = answer.retryAfter.matches("\\d{1,5}");
            String remedy = "; try again " + (known ? "in " + answer.retryAfter + " s" : "later");
            return new CommandFailure(ExitCode.NOT_ACCEPTED, line + remedy, null);
        }
        return new CommandFailure(ExitCode.FAILURE, line, null);
    }
}
