package org.relay4j.server;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.server.files.FileStamp;

/**
 * The certificate with which a relay server identifies itself, and the TLS settings of its control port: TLS 1.3 and 1.2.
 *
 * <pre>{@code
 * RelayServerOptions options = RelayServerOptions.builder()
 *         .port(7000)
 *         .tls(ServerTls.ofFiles(certificateFile, certificateKeyFile))
 *         .build();
 * }</pre>
 *
 * <p>A server checks every few seconds whether the files have changed, and uses the new ones for new connections. Files that
 * cannot be used are reported in the log, and the previous certificate stays in use.
 *
 * <p>A client that offers protocols by ALPN must offer {@code relay/1}; one that offers none is served too. Sessions are never
 * resumed, unless the caller's own context does it. Safe for use by several threads.
 */
public final class ServerTls {
    private static final int DNS_NAME = 2; // type of an alternative name
    private static final String HTTP = "http/1.1"; // by ALPN
    private static final int SESSIONS = 1_000;
    private static final List<TrustManager> NOBODY = List.of(); // clients are not asked for certificates

    /** Reads the files. */
    private interface Source {
        KeyMaterial read() throws IOException;
    }

    private final @Nullable SSLContext context; // the caller's; null: made of the source's keys
    private final @Nullable Source source;
    private final @Nullable Path clientCa;
    private final List<Path> files;
    private final ReentrantLock lock = new ReentrantLock();
    private List<FileStamp> read = List.of(); // of the versions that were read last; guarded by lock
    private volatile Identity identity = new Identity(List.of(), NOBODY, null, Set.of(), null);

    /** The content of the files. */
    private record Identity(
            List<KeyManager> keys,
            List<TrustManager> clients,
            @Nullable Fingerprint fingerprint,
            Set<String> names,
            @Nullable SSLContext visitors) {}

    private ServerTls(
            @Nullable SSLContext context, @Nullable Source source, @Nullable Path clientCa, List<Path> files) {
        this.context = context;
        this.source = source;
        this.clientCa = clientCa;
        this.files = files;
    }

    /**
     * Uses a certificate chain and a private key from PEM files. The chain begins with the server's own certificate; the key is
     * unencrypted PKCS#8. They may be in one file.
     *
     * @throws IOException if the files cannot be used: unreadable, malformed, expired, or not matching
     */
    public static ServerTls ofFiles(Path certificates, Path key) throws IOException {
        Objects.requireNonNull(certificates, "certificates");
        Objects.requireNonNull(key, "key");
        return loaded(() -> KeyMaterial.ofPem(certificates, key), List.of(certificates, key));
    }

    /**
     * Uses the only private key of a PKCS#12 file, with its certificate chain.
     *
     * @throws IOException if the file cannot be used, or the password is wrong
     */
    public static ServerTls ofKeyStore(Path pkcs12, char[] password) throws IOException {
        Objects.requireNonNull(pkcs12, "pkcs12");
        char[] copy = password.clone();
        return loaded(() -> KeyMaterial.ofPkcs12(pkcs12, copy), List.of(pkcs12));
    }

    /**
     * Uses a context unchanged; nothing is reloaded. The server does not know the names of its certificates: a connection to the
     * HTTPS port that offers {@code relay/1} is always a client of the server, whatever host name it asks for.
     */
    public static ServerTls of(SSLContext context) {
        return new ServerTls(Objects.requireNonNull(context, "context"), null, null, List.of());
    }

    private static ServerTls loaded(Source source, List<Path> files) throws IOException {
        return loaded(source, null, files);
    }

    private static ServerTls loaded(Source source, @Nullable Path clientCa, List<Path> files) throws IOException {
        ServerTls tls = new ServerTls(null, source, clientCa, files);
        tls.reload();
        return tls;
    }

    /**
     * Returns these settings with client certificates: clients are asked for one, and may connect without. The handshake fails
     * if a client has one that none of the given authorities has signed. The subject CN of a certificate is the name of its
     * client.
     *
     * @param certificates PEM file with the certificates of the authorities; it is reloaded like the other files
     * @throws IOException if the file cannot be used
     * @throws IllegalStateException if these settings are a caller's own context, which has authorities of its own
     */
    public ServerTls clientCa(Path certificates) throws IOException {
        Objects.requireNonNull(certificates, "certificates");
        Source from = source;
        if (from == null) throw new IllegalStateException("the SSLContext decides which client certificates it trusts");
        List<Path> all = new ArrayList<>(files);
        all.add(certificates);
        return loaded(from, certificates, List.copyOf(all));
    }

    /** Returns the SHA-256 fingerprint of the certificate in use, as {@code sha256:} and hexadecimal digits; null with a context. */
    public @Nullable String fingerprint() {
        Fingerprint current = identity.fingerprint();
        return current == null ? null : current.toString();
    }

    /**
     * Reads the files again if they have changed. Blocks until they are read.
     *
     * @return true if another certificate is in use now
     * @throws IOException if the new files cannot be used; nothing has changed then, and they are not tried again before the
     *     next change
     */
    boolean reload() throws IOException {
        Source from = source;
        if (from == null) return false;
        lock.lock();
        try {
            List<FileStamp> present = files.stream().map(FileStamp::of).toList();
            if (present.equals(read)) return false;
            read = present;
            KeyMaterial material = from.read();
            Fingerprint next = Fingerprint.of(material.chain().get(0));
            boolean changed = !next.equals(identity.fingerprint());
            X509Certificate leaf = material.chain().get(0);
            identity = new Identity(
                    List.of(material.keyManagers()), clients(), next, names(leaf), visitors(material.keyManagers()));
            return changed;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot use the private key: " + e.getMessage(), e);
        } finally {
            lock.unlock();
        }
    }

    /** Returns a context for all visitors with a certificate: they may resume sessions, which saves both ends the handshake. */
    private static SSLContext visitors(KeyManager[] keys) throws GeneralSecurityException {
        SSLContext shared = RelayTls.context(keys, NOBODY.toArray(TrustManager[]::new));
        shared.getServerSessionContext().setSessionCacheSize(SESSIONS); // of TLS 1.2 without tickets
        return shared;
    }

    /** Returns the DNS names of a certificate, in lower case. */
    private static Set<String> names(X509Certificate certificate) throws GeneralSecurityException {
        Set<String> names = new HashSet<>();
        Collection<List<?>> all = certificate.getSubjectAlternativeNames();
        if (all == null) return names;
        for (List<?> name : all) {
            if (Integer.valueOf(DNS_NAME).equals(name.get(0)))
                names.add(String.valueOf(name.get(1)).toLowerCase(Locale.ROOT));
        }
        return names;
    }

    /**
     * Returns whether clients may accept the certificate for a name, in lower case: it has the name, or one with {@code *} in place
     * of the first label. True with a caller's own context, whose certificates are not known.
     */
    boolean proves(String name) {
        int dot = name.indexOf('.');
        return context != null || hasName(name) || (dot > 0 && hasName("*" + name.substring(dot)));
    }

    /** Returns whether a name, in lower case, is one of the certificate's own. Always false with a caller's own context. */
    boolean hasName(String name) {
        return identity.names().contains(name);
    }

    private List<TrustManager> clients() throws IOException {
        return clientCa == null ? NOBODY : List.of(RelayTls.trusting(clientCa));
    }

    /** Returns whether the certificate has the name {@code *.domain}. True with a caller's own context. */
    boolean covers(String domain) {
        return context != null || hasName("*." + domain);
    }

    /**
     * Creates an engine for one visitor. Of the protocols that it offers by ALPN, HTTP/1.1 is chosen or none, because any service
     * understands it after TLS has ended here, and because a browser then uses a connection for one host name only.
     */
    SSLEngine visitorEngine() throws IOException {
        SSLContext used = context == null ? identity.visitors() : context;
        if (used == null) throw new IOException("there is no certificate");
        SSLEngine engine = used.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = RelayTls.parameters(engine);
        if (context == null) RelayTls.preferFastCipher(parameters);
        engine.setSSLParameters(parameters);
        engine.setHandshakeApplicationProtocolSelector((it, offered) -> offered.contains(HTTP) ? HTTP : "");
        return engine;
    }

    /** Creates an engine for one connection. */
    SSLEngine engine() throws IOException {
        try {
            SSLContext used = context;
            if (used == null) {
                Identity current = identity;
                used = RelayTls.context(
                        current.keys().toArray(KeyManager[]::new),
                        current.clients().toArray(TrustManager[]::new));
            }
            SSLEngine engine = used.createSSLEngine();
            engine.setUseClientMode(false);
            SSLParameters parameters = RelayTls.parameters(engine);
            if (context == null) RelayTls.preferFastCipher(parameters);
            if (clientCa != null) parameters.setWantClientAuth(true);
            engine.setSSLParameters(parameters);
            // Called only if the client offers protocols; null fails the handshake.
            engine.setHandshakeApplicationProtocolSelector(
                    (it, offered) -> offered.contains(RelayTls.ALPN) ? RelayTls.ALPN : null);
            return engine;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot set up TLS: " + e.getMessage(), e);
        }
    }
}
