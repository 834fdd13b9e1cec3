package org.relay4j.cli;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.client.ClientIdentity;

/** The name of a forwarder, and the key that proves it. The key itself is never an argument, which other users could see. */
final class IdentityArguments {
    static final String KEY_VARIABLE = "RELAY_KEY";

    private final Arguments arguments;

    IdentityArguments(Arguments arguments) {
        this.arguments = arguments;
    }

    /** Who the forwarder is; null if it has no name. */
    @Nullable
    ClientIdentity identity() {
        Value name = arguments.get(Flag.NAME);
        Secret secret = Secret.of(arguments, Flag.KEY_FILE, KEY_VARIABLE);
        Value file = secret.file();
        String key = secret.text();
        if (name == null) {
            if (file == null && key == null) return null;
            String given = file == null ? KEY_VARIABLE : file.name();
            throw CommandFailure.usage(given + " needs " + Flag.NAME + "=<name>, the client's name on the server");
        }
        if (file != null) return ofFile(name, file);
        if (key != null) return ofKey(name, key);
        boolean certificate = arguments.get(Flag.TLS_CERT) != null;
        throw CommandFailure.usage(name.name() + " needs " + Flag.KEY_FILE + "=<file> or " + KEY_VARIABLE
                + (certificate ? "; with " + Flag.TLS_CERT + " alone, the certificate has the name" : ""));
    }

    private static ClientIdentity ofFile(Value name, Value file) {
        requireName(name);
        try {
            return ClientIdentity.ofFile(name.text(), file.path());
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use " + file.name() + ": " + e.getMessage(), e);
        }
    }

    private static ClientIdentity ofKey(Value name, String key) {
        requireName(name);
        try {
            return ClientIdentity.ofKey(name.text(), key);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "cannot use " + KEY_VARIABLE + ": " + e.getMessage(), e);
        }
    }

    private static void requireName(Value name) {
        if (!ClientName.isValid(name.text())) throw name.mustBe(ClientName.FORM);
    }
}
