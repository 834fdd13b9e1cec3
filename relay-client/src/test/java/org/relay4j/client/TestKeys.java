package org.relay4j.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.api.tls.Pem;

/**
 * A self-signed certificate made for this run with the JDK's keytool.
 *
 * @param file PKCS#12
 */
record TestKeys(Path file, KeyStore store) {
    static final char[] PASSWORD = "changeit".toCharArray();

    /** @param more arguments of keytool, such as the validity */
    static TestKeys make(Path folder, String host, String... more) throws Exception {
        Path file = folder.resolve(host + more.length + ".p12");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "relay"));
        command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=" + host));
        command.addAll(List.of("-ext", "san=dns:" + host, "-storetype", "PKCS12", "-storepass", "changeit"));
        command.addAll(List.of("-keystore", file.toString()));
        command.addAll(List.of(more));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) throw new IOException("keytool failed");
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return new TestKeys(file, store);
    }

    X509Certificate certificate() throws GeneralSecurityException {
        return (X509Certificate) store.getCertificate("relay");
    }

    String fingerprint() throws GeneralSecurityException {
        return Fingerprint.of(certificate()).toString();
    }

    /** The certificate in a PEM file. */
    Path pem() throws IOException, GeneralSecurityException {
        String text = Pem.encode("CERTIFICATE", certificate().getEncoded());
        return Files.writeString(Path.of(file + ".pem"), text);
    }

    /** The private key in a PEM file. */
    Path keyPem() throws IOException, GeneralSecurityException {
        String text = Pem.encode("PRIVATE KEY", store.getKey("relay", PASSWORD).getEncoded());
        return Files.writeString(Path.of(file + ".key"), text);
    }

    /** A context that shows this certificate, and trusts another one. */
    SSLContext context(TestKeys trusted) throws GeneralSecurityException {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(store, PASSWORD);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted.store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
