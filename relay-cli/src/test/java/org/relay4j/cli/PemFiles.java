package org.relay4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.relay4j.testing.SelfSignedKeys;

/**
 * A key with a certificate, made with keytool for one test, such as one that has expired.
 *
 * @param certificate a PEM file
 * @param key a PEM file
 */
record PemFiles(Path certificate, Path key, SelfSignedKeys made) {
    /** @param more arguments of keytool */
    static PemFiles make(Path folder, String name, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-ext", "san=dns:localhost"));
        arguments.addAll(List.of(more));
        SelfSignedKeys made =
                SelfSignedKeys.make(folder.resolve(name + ".p12"), name, arguments.toArray(String[]::new));
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
