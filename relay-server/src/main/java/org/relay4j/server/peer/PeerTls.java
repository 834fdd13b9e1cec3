package org.relay4j.server.peer;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.server.files.FileStamp;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The TLS settings of links: TLS 1.3 only, both ends have a certificate of the cluster's authority with the name of their node. The
 * files are read when they have changed, which is checked for each connection, so that new ones are used at once; if they cannot be
 * used, the last good ones are, and they are not read again before the next change. Safe for use by several threads.
 */
public final class PeerTls {
    /** The ALPN name of the protocol between nodes. */
    static final String ALPN = "relay-peer/1";

    private static final Logger log = LoggerFactory.getLogger(PeerTls.class);
    private static final LimitedLog unusable = new LimitedLog(log, Level.ERROR);
    private static final int URI = 6; // type of an alternative name

    private final Path certificates;
    private final Path key;
    private final Path authority;
    private final ReentrantLock lock = new ReentrantLock(); // held while the files are read
    private volatile Files used;

    /**
     * The content of the files.
     *
     * @param stamps of the versions that were read last, also if they could not be used
     */
    private record Files(List<FileStamp> stamps, KeyMaterial own, List<TrustManager> trust) {}

    private PeerTls(Path certificates, Path key, Path authority) throws IOException {
        this.certificates = certificates;
        this.key = key;
        this.authority = authority;
        used = read(stamps());
    }

    /**
     * Uses PEM files: a certificate chain, its unencrypted PKCS#8 key, and the certificates of the cluster's authority.
     *
     * @throws IOException if the files cannot be used: unreadable, malformed, expired, or not matching
     */
    public static PeerTls ofFiles(Path certificates, Path key, Path authority) throws IOException {
        return new PeerTls(certificates, key, authority);
    }

    private List<FileStamp> stamps() {
        return Stream.of(certificates, key, authority).map(FileStamp::of).toList();
    }

    private Files read(List<FileStamp> stamps) throws IOException {
        return new Files(stamps, KeyMaterial.ofPem(certificates, key), List.of(RelayTls.trusting(authority)));
    }

    private Files current() {
        lock.lock();
        try {
            List<FileStamp> present = stamps(); // before the files are read: a later change is seen the next time
            if (!present.equals(used.stamps())) used = changed(present);
            return used;
        } finally {
            lock.unlock();
        }
    }

    private Files changed(List<FileStamp> present) {
        try {
            return read(present);
        } catch (IOException e) {
            unusable.log(
                    "links to other nodes: the previous certificate stays in use: {}", String.valueOf(e.getMessage()));
            return new Files(present, used.own(), used.trust());
        }
    }

    /**
     * Checks that the certificate is that of a node.
     *
     * @throws IOException if it is not; the message says what it must contain
     */
    public void requireName(String cluster, String node) throws IOException {
        PeerName wanted = new PeerName(cluster, node);
        List<PeerName> names = names(used.own().chain().get(0));
        if (names.equals(List.of(wanted))) return;
        throw new IOException("the certificate in " + certificates + " is for "
                + (names.isEmpty() ? "no node" : names.toString()) + "; it must have exactly the alternative name URI:"
                + wanted);
    }

    /** Creates an engine for one connection. Looks at files, and may read them: not on a loop. */
    SSLEngine engine(boolean dials) throws IOException {
        Files files = current();
        try {
            SSLEngine engine = RelayTls.context(
                            files.own().keyManagers(), files.trust().toArray(TrustManager[]::new))
                    .createSSLEngine();
            engine.setUseClientMode(dials);
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setProtocols(new String[] {"TLSv1.3"});
            parameters.setApplicationProtocols(new String[] {ALPN});
            RelayTls.preferFastCipher(parameters);
            parameters.setNeedClientAuth(!dials);
            engine.setSSLParameters(parameters);
            return engine;
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot set up TLS: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the name of the node at the other end, after the handshake.
     *
     * @throws IOException if its certificate is not that of one node, or it speaks another protocol; the message says so
     */
    static PeerName peer(SSLEngine engine) throws IOException {
        if (!ALPN.equals(engine.getApplicationProtocol())) {
            throw new IOException("it does not speak the protocol " + ALPN + "; this is the port for other nodes");
        }
        X509Certificate leaf = leaf(engine.getSession());
        if (leaf != null) requireValid(leaf);
        List<PeerName> names = names(leaf);
        if (names.size() == 1) return names.get(0);
        throw new IOException(
                names.isEmpty()
                        ? "its certificate has no alternative name URI:relay://<cluster>/<node>"
                        : "its certificate names several nodes: " + names);
    }

    /** The JDK does not check the dates of a certificate that is its own authority. */
    private static void requireValid(X509Certificate certificate) throws IOException {
        try {
            certificate.checkValidity();
        } catch (CertificateException e) {
            throw new IOException(
                    "its certificate is valid from "
                            + certificate.getNotBefore().toInstant() + " to "
                            + certificate.getNotAfter().toInstant() + " only",
                    e);
        }
    }

    private static @Nullable X509Certificate leaf(SSLSession session) throws SSLPeerUnverifiedException {
        Certificate[] chain = session.getPeerCertificates();
        return chain[0] instanceof X509Certificate leaf ? leaf : null;
    }

    private static List<PeerName> names(@Nullable X509Certificate certificate) throws IOException {
        if (certificate == null) return List.of();
        try {
            Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            if (all == null) return List.of();
            return all.stream()
                    .filter(name -> Integer.valueOf(URI).equals(name.get(0)))
                    .map(name -> PeerName.parse(String.valueOf(name.get(1))))
                    .filter(name -> name != null)
                    .toList();
        } catch (CertificateParsingException e) {
            throw new IOException("its certificate is malformed: " + e.getMessage(), e);
        }
    }
}
