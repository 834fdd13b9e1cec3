package org.relay4j.benchmarks;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManagerFactory;
import tlschannel.ClientTlsChannel;
import tlschannel.ServerTlsChannel;
import tlschannel.TlsChannel;

/** TLS 1.3 with a certificate made for this run, and the cipher suite that Go chooses on such a machine. */
final class Tls {
    private static final String[] PROTOCOLS = {"TLSv1.3"};
    private static final String[] SUITES = {"TLS_AES_128_GCM_SHA256"};
    private static final char[] PASSWORD = new char[0]; // of an in-memory key store

    private Tls() {}

    /** Both ends of a connection with TLS on top, after the handshake. */
    static Transport.Ends over(Transport.Ends raw) throws IOException, GeneralSecurityException {
        SSLContext context = context();
        // Buffers are reused, as in Go; otherwise each read and write would allocate new ones.
        TlsChannel server = ServerTlsChannel.newBuilder(raw.server(), context)
                .withEngineFactory(sslContext -> engine(sslContext, false))
                .withReleaseBuffers(false)
                .build();
        TlsChannel client = ClientTlsChannel.newBuilder(raw.client(), engine(context, true))
                .withReleaseBuffers(false)
                .build();
        CompletableFuture<Void> other = CompletableFuture.runAsync(() -> handshake(server));
        client.handshake();
        other.join();
        return new Transport.Ends(client, server);
    }

    private static void handshake(TlsChannel channel) {
        try {
            channel.handshake();
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    private static SSLEngine engine(SSLContext context, boolean client) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(client);
        engine.setEnabledProtocols(PROTOCOLS);
        engine.setEnabledCipherSuites(SUITES);
        return engine;
    }

    private static SSLContext context() throws IOException, GeneralSecurityException {
        SelfSigned identity = SelfSigned.create("localhost");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "key", identity.key(), PASSWORD, new java.security.cert.Certificate[] {identity.certificate()});
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("certificate", identity.certificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}
