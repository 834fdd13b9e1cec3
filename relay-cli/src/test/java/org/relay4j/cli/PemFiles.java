package org.relay4j.cli;

import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.relay4j.testing.SelfSignedKeys;

/**
 * A key with a certificate, made for one test, such as one that has expired.
 *
 * @param certificate a PEM file
 * @param key a PEM file
 */
record PemFiles(Path certificate, Path key, SelfSignedKeys made) {
    /** Makes them for localhost, valid from now on. */
    static PemFiles make(Path folder, String name) throws Exception {
        return make(folder, name, 0, 90, "localhost");
    }

    /**
     * Makes them.
     *
     * @param from the first day of its validity, counted from today
     * @param days the number of days of its validity
     * @param hosts the names that the certificate is for
     */
    static PemFiles make(Path folder, String name, int from, int days, String... hosts) throws Exception {
        SelfSignedKeys made = SelfSignedKeys.make(folder.resolve(name + ".p12"), name, List.of(hosts), from, days);
        return new PemFiles(
                made.writeCertificate(folder.resolve(name + "-cert.pem")),
                made.writeKey(folder.resolve(name + "-key.pem")),
                made);
    }

    /** A context for a server, which does not mind that the certificate has expired. */
    SSLContext context() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(made.keyManagers(), null, null);
        return context;
    }
}
