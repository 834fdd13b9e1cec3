package org.relay4j.registry.etcd;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.KeyMaterial;
import org.relay4j.api.tls.RelayTls;
import org.relay4j.server.files.FileStamp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS settings for etcd, from PEM files that are read again when they have changed. If they cannot be used then, the previous ones
 * stay in use, and the files are not read before their next change.
 */
final class EtcdTls {
    private static final Logger log = LoggerFactory.getLogger(EtcdTls.class);

    private final @Nullable Path authority; // null: those that Java trusts
    private final @Nullable Path certificate; // null: none
    private final @Nullable Path key;
    private List<FileStamp> read; // of the versions that were read last
    private volatile SSLContext context;

    /** @throws IOException if the files cannot be used; the message says why */
    EtcdTls(@Nullable Path authority, @Nullable Path certificate, @Nullable Path key) throws IOException {
        this.authority = authority;
        this.certificate = certificate;
        this.key = key;
        read = stamps(); // before the files are read: a later change is seen the next time
        context = load();
    }

    /** Returns the present settings. From any thread. */
    SSLContext context() {
        return context;
    }

    /**
     * Looks at the files, and reads them if they have changed, for which it blocks. By one thread at a time.
     *
     * @return whether other settings are in use now
     */
    boolean reload() {
        List<FileStamp> present = stamps();
        if (present.equals(read)) return false;
        read = present;
        try {
            context = load();
        } catch (IOException e) {
            log.error(
                    "relay server: the previous certificates for etcd stay in use: {}", String.valueOf(e.getMessage()));
            return false;
        }
        log.info("relay server: the certificates for etcd have changed, and are used for new connections");
        return true;
    }

    private List<FileStamp> stamps() {
        return Stream.of(authority, certificate, key)
                .filter(Objects::nonNull)
                .map(FileStamp::of)
                .toList();
    }

    private SSLContext load() throws IOException {
        TrustManager[] trust = authority == null ? null : RelayTls.trusting(authority);
        try {
            KeyManager[] keys = certificate == null || key == null
                    ? null
                    : KeyMaterial.ofPem(certificate, key).keyManagers();
            return RelayTls.context(keys, trust);
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot set up TLS: " + e.getMessage(), e);
        }
    }
}
