package org.relay4j.benchmarks;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.relay4j.testing.SelfSigned;
import tlschannel.ClientTlsChannel;
import tlschannel.ServerTlsChannel;
import tlschannel.TlsChannel;

/** TLS 1.3 with a certificate made for this run, and the cipher suite that Go chooses on such a machine. */
final class Tls {
    private static final String[] PROTOCOLS = {"TLSv1.3"};
    private static final String[] SUITES = {"TLS_AES_128_GCM_SHA256"};

    private Tls() {}

    /** Both ends of a connection with TLS on top, after the handshake. */
    static Transport.Ends over(Transport.Ends raw) throws IOException {
        SSLContext context = SelfSigned.context();
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
}
