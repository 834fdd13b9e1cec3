package org.relay4j.server;

import java.io.IOException;
import java.util.Map;
import java.util.regex.Pattern;
import org.relay4j.api.control.ClientName;

/**
 * A fuzz target: the clients file of a relay server. Each input either has clients that can prove their names, or is refused
 * with a position. {@code CONTRIBUTING.md} has the command; {@link ClientsFileFuzzTest} replays what was found.
 */
public final class ClientsFileFuzz {
    private static final Pattern ERROR = Pattern.compile("clients\\.toml:[0-9]+:[0-9]+: \\P{Cntrl}+");

    private ClientsFileFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        try {
            Map<String, NamedClient> clients = ClientsFile.parse("clients.toml", input);
            clients.forEach(ClientsFileFuzz::check);
            check(ClientsFile.revoked(clients, clients).isEmpty(), "unchanged clients are revoked");
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            check(ERROR.matcher(message).matches(), "an error without a position: " + message);
        }
    }

    private static void check(String name, NamedClient client) {
        check(ClientName.isValid(name), "a bad name");
        check(client.certificate() || !client.keys().isEmpty(), "a client without a proof");
        check(client.keys().size() <= NamedClient.MOST_KEYS, "too many keys");
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
