package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.ClientTls;
import org.relay4j.server.ServerTls;

/** The TLS options of the server and the forwarder. */
final class TlsArguments {
    /**
     * System property with the PEM file of the authorities that the system trusts. The launcher of the packages sets it, because
     * their Java has only the authorities of the JDK that it was built from.
     */
    static final String AUTHORITIES = "relay.authorities";

    static final Set<Flag> OF_SERVER = Set.of(Flag.TLS_CERT, Flag.TLS_KEY, Flag.TLS_CLIENT_CA);

    static final Set<Flag> OF_DOMAIN = Set.of(Flag.DOMAIN_CERT, Flag.DOMAIN_KEY);

    private final Arguments arguments;

    TlsArguments(Arguments arguments) {
        this.arguments = arguments;
    }

    /** The server's certificate; null for plain connections. */
    @Nullable
    ServerTls server() {
        Value certificate = arguments.get(Flag.TLS_CERT);
        Value key = arguments.get(Flag.TLS_KEY);
        Value clients = arguments.get(Flag.TLS_CLIENT_CA);
        requirePair(certificate, key);
        if (certificate == null || key == null) {
            if (clients == null) return null;
            throw CommandFailure.usage(clients.name() + " needs " + Flag.TLS_CERT + " and " + Flag.TLS_KEY
                    + ": clients show certificates only to a server with TLS");
        }
        ServerTls tls;
        try {
            tls = ServerTls.ofFiles(certificate.path(), key.path());
        } catch (IOException e) {
            throw unusable(e, certificate, key);
        }
        if (clients == null) return tls;
        try {
            return tls.clientCa(clients.path());
        } catch (IOException e) {
            throw unusable(e, clients);
        }
    }

    /** The certificate for host names under the domain of the server; null if it has none of its own. */
    @Nullable
    ServerTls domain() {
        Value certificate = arguments.get(Flag.DOMAIN_CERT);
        Value key = arguments.get(Flag.DOMAIN_KEY);
        if (certificate == null && key == null) return null;
        if (certificate == null || key == null || arguments.get(Flag.DOMAIN) == null) {
            throw CommandFailure.usage(Flag.DOMAIN_CERT + " and " + Flag.DOMAIN_KEY + " need each other and "
                    + Flag.DOMAIN + "; set all three");
        }
        try {
            return ServerTls.ofFiles(certificate.path(), key.path());
        } catch (IOException e) {
            throw unusable(e, certificate, key);
        }
    }

    /** The forwarder's trust, and its own certificate if it has one; null for plain connections. */
    @Nullable
    ClientTls client() {
        Value certificate = arguments.get(Flag.TLS_CERT);
        Value key = arguments.get(Flag.TLS_KEY);
        requirePair(certificate, key);
        ClientTls trust = trust();
        if (certificate == null || key == null) return trust;
        try {
            ClientTls tls = trust == null ? systemTrust() : trust;
            return tls.withCertificate(certificate.path(), key.path());
        } catch (IOException e) {
            throw unusable(e, certificate, key);
        }
    }

    private @Nullable ClientTls trust() {
        Value pin = arguments.get(Flag.TLS_PIN);
        Value authorities = arguments.get(Flag.TLS_CA);
        if (pin != null && authorities != null) {
            throw CommandFailure.usage(
                    pin.name() + " and " + authorities.name() + " are two ways to verify the server; use one of them");
        }
        if (pin != null) return pinned(pin);
        if (authorities == null) return arguments.has(Flag.TLS) ? systemTrust() : null;
        try {
            return ClientTls.trusting(authorities.path());
        } catch (IOException e) {
            throw unusable(e, authorities);
        }
    }

    private static ClientTls systemTrust() {
        String file = System.getProperty(AUTHORITIES, "");
        if (file.isEmpty()) return ClientTls.systemTrust();
        try {
            return ClientTls.trusting(Path.of(file));
        } catch (IOException e) {
            String line = "cannot use the certificate authorities of this system: " + e.getMessage()
                    + "; repair the file, or use " + Flag.TLS_CA + " or " + Flag.TLS_PIN;
            throw new CommandFailure(ExitCode.USAGE, line, e);
        }
    }

    private static ClientTls pinned(Value pin) {
        try {
            return ClientTls.pinned(pin.text());
        } catch (IllegalArgumentException e) {
            throw pin.rejected(e);
        }
    }

    /** True if both are given, false if none is. */
    private static void requirePair(@Nullable Value certificate, @Nullable Value key) {
        if (certificate != null && key == null) {
            throw CommandFailure.usage(
                    certificate.name() + " needs " + Flag.TLS_KEY + "=<pem>, the private key of the certificate");
        }
        if (certificate == null && key != null) {
            throw CommandFailure.usage(key.name() + " needs " + Flag.TLS_CERT + "=<pem>, the certificate of the key");
        }
    }

    /** The failure for files that cannot be used. The library's message names the file. */
    private static CommandFailure unusable(IOException e, Value... values) {
        StringJoiner names = new StringJoiner(" and ", "cannot use ", ": " + e.getMessage());
        for (Value value : values) names.add(value.name());
        return new CommandFailure(ExitCode.USAGE, names.toString(), e);
    }
}
