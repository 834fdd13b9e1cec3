package org.relay4j.client;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.testing.SelfSignedKeys;

/** A self-signed certificate for a host, made for this run. */
record TestKeys(SelfSignedKeys made) {
    static final char[] PASSWORD = SelfSignedKeys.password();

    static TestKeys make(Path folder, String host) throws IOException {
        return new TestKeys(SelfSignedKeys.make(folder.resolve(host + ".p12"), host, host));
    }

    static TestKeys expired(Path folder, String host) throws IOException {
        return new TestKeys(SelfSignedKeys.make(folder.resolve(host + "-old.p12"), host, List.of(host), -10, 2));
    }

    Path file() {
        return made.file();
    }

    X509Certificate certificate() {
        return made.certificate();
    }

    String fingerprint() {
        return Fingerprint.of(certificate()).toString();
    }

    /** The certificate in a PEM file. */
    Path pem() throws IOException, GeneralSecurityException {
        return made.writeCertificate(Path.of(file() + ".pem"));
    }

    /** The private key in a PEM file. */
    Path keyPem() throws IOException, GeneralSecurityException {
        return made.writeKey(Path.of(file() + ".key"));
    }

    /** A context that shows this certificate, and trusts another one. */
    SSLContext context(TestKeys trusted) throws GeneralSecurityException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted.made.store());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(made.keyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
