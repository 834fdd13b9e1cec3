package org.relay4j.server;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.testing.SelfSignedKeys;

/** A self-signed certificate and its key, as the ends of a connection use them. */
record Keys(SelfSignedKeys made) {
    static final char[] PASSWORD = SelfSignedKeys.password();

    static Keys make(Path folder, String name) throws IOException {
        return new Keys(SelfSignedKeys.make(folder.resolve(name + ".p12"), name));
    }

    Path file() {
        return made.file();
    }

    X509Certificate certificate() {
        return made.certificate();
    }

    ServerTls server() throws IOException {
        return ServerTls.ofKeyStore(file(), PASSWORD);
    }

    /** As a line of an extended client names it. */
    String binding() {
        return Fingerprint.of(certificate()).hex();
    }

    /** The certificate in a PEM file. */
    Path pem() throws Exception {
        return made.writeCertificate(Path.of(file() + ".pem"));
    }

    /** For a client that trusts everybody, without a certificate of its own. */
    static SSLContext trusting() throws Exception {
        return context(null);
    }

    /** For a client that trusts everybody and has this certificate. */
    SSLContext client() throws Exception {
        return context(new KeyManager[] {new Always((X509ExtendedKeyManager) made.keyManagers()[0])});
    }

    private static SSLContext context(KeyManager[] own) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own, new TrustManager[] {new TrustsEverybody()}, null);
        return context;
    }

    /** Shows its only certificate, whoever the server says it trusts. */
    private static final class Always extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager keys;

        Always(X509ExtendedKeyManager keys) {
            this.keys = keys;
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return "relay";
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return "relay";
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[] {"relay"};
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return new String[] {"relay"};
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return keys.getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return keys.getPrivateKey(alias);
        }
    }

    private static final class TrustsEverybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
