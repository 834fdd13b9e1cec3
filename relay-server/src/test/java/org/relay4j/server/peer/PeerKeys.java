package org.relay4j.server.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.testing.Await;
import org.relay4j.testing.SelfSignedKeys;

/** Certificates of nodes, all of which are trusted. */
final class PeerKeys {
    private final Path folder;
    private final Map<String, SelfSignedKeys> keys = new LinkedHashMap<>(); // by the name of the file

    /** Makes those of the nodes a and b of the cluster test. */
    PeerKeys(Path folder) throws IOException {
        this.folder = folder;
        add("a", "relay://test/a");
        add("b", "relay://test/b");
    }

    /** Makes a certificate that the nodes trust. */
    PeerKeys add(String file, String... names) throws IOException {
        return add(file, stranger(file, names));
    }

    /** Makes a certificate that the nodes would trust, but its last day was yesterday. */
    PeerKeys addExpired(String file, String name) throws IOException {
        return add(file, SelfSignedKeys.make(folder.resolve(file + ".p12"), file, List.of(name), -3, 2));
    }

    private PeerKeys add(String file, SelfSignedKeys made) throws IOException {
        keys.put(file, made);
        try {
            Path pem = made.writeCertificate(folder.resolve(file + ".crt"));
            made.writeKey(folder.resolve(file + ".key"));
            Files.writeString(
                    authority(),
                    Files.readString(pem),
                    java.nio.file.StandardOpenOption.CREATE,
                    java.nio.file.StandardOpenOption.APPEND);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
        return this;
    }

    /** Makes a certificate that the nodes do not trust. */
    SelfSignedKeys stranger(String file, String... names) throws IOException {
        return SelfSignedKeys.make(folder.resolve(file + ".p12"), file, List.of(names), 0, 2);
    }

    private Path authority() {
        return folder.resolve("ca.crt");
    }

    PeerTls tls(String file) throws IOException {
        return PeerTls.ofFiles(folder.resolve(file + ".crt"), folder.resolve(file + ".key"), authority());
    }

    /** Returns a certificate that the nodes trust, and its key. */
    SelfSignedKeys made(String file) {
        SelfSignedKeys own = keys.get(file);
        if (own == null) throw new IllegalArgumentException(file);
        return own;
    }

    SSLContext context(String file) throws IOException {
        return context(made(file));
    }

    SSLContext context(SelfSignedKeys own) throws IOException {
        try {
            return RelayTls.context(own.keyManagers(), RelayTls.trusting(authority()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Connects with TLS. */
    static SSLSocket connect(SSLContext context, int port, String... protocols) throws IOException {
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port);
        socket.setSoTimeout((int) Await.DEADLINE.toMillis());
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        return socket;
    }
}
