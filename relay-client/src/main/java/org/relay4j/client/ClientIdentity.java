package org.relay4j.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.util.Objects;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.ClientProof;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.Ed25519;
import org.relay4j.api.tls.SecretFile;

/**
 * The identity of a relay client: a name, and the private key that proves it to the server. Immutable.
 *
 * <pre>{@code
 * RelayClientOptions options = RelayClientOptions.builder()
 *         .tls(ClientTls.systemTrust())
 *         .identity(ClientIdentity.ofFile("web-1", keyFile))
 *         .build();
 * }</pre>
 *
 * <p>The key is an Ed25519 key in the form that {@code relay keygen --client=web-1} writes: the base64 encoding of its PKCS#8 DER.
 * The server knows only the public key, and the private key never leaves this program.
 */
public final class ClientIdentity {
    private static final int LARGEST_FILE = 4096; // bytes

    private final String name;
    private final PrivateKey key;

    private ClientIdentity(String name, PrivateKey key) {
        this.name = name;
        this.key = key;
    }

    /**
     * Reads the key from a file. On systems with POSIX permissions, the file must be accessible to its owner only.
     *
     * @param name 1 to 64 letters, digits, dots, underscores and hyphens
     * @throws IOException if the file cannot be read, is accessible to others, or does not contain a key
     * @throws IllegalArgumentException if the name has another form
     */
    public static ClientIdentity ofFile(String name, Path file) throws IOException {
        checkName(name);
        SecretFile.requireOwnerOnly("key file", file);
        byte[] content;
        try (InputStream in = Files.newInputStream(file)) {
            content = in.readNBytes(LARGEST_FILE);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null, "no such file");
        }
        try {
            return new ClientIdentity(name, Ed25519.privateKey(new String(content, StandardCharsets.ISO_8859_1)));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "cannot use key file " + file + ": " + e.getMessage() + "; make one with \"relay keygen --client="
                            + name + "\"",
                    e);
        }
    }

    /**
     * Uses a key from another source, such as an environment variable.
     *
     * @param name 1 to 64 letters, digits, dots, underscores and hyphens
     * @param key the base64 encoding of the PKCS#8 DER of an Ed25519 private key
     * @throws IllegalArgumentException if the name or the key has another form; the message does not show the key
     */
    public static ClientIdentity ofKey(String name, String key) {
        checkName(name);
        return new ClientIdentity(name, Ed25519.privateKey(Objects.requireNonNull(key, "key")));
    }

    private static void checkName(String name) {
        if (ClientName.isValid(name)) return;
        throw new IllegalArgumentException("client name is '" + name + "', it must be " + ClientName.FORM);
    }

    /** Returns the name. */
    public String name() {
        return name;
    }

    /** Adds the name and its proof to a request. */
    ControlLine prove(String hello, ControlLine request, String binding) {
        ControlLine signed = request.with("name", name).with("binding", binding);
        return signed.with(ClientProof.WORD, ClientProof.sign(key, hello, signed.toString()));
    }

    /** Returns the name, never the key. */
    @Override
    public String toString() {
        return "ClientIdentity[" + name + "]";
    }
}
