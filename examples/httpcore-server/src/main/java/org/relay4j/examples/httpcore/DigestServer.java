package org.relay4j.examples.httpcore;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.impl.bootstrap.HttpServer;
import org.apache.hc.core5.http.impl.bootstrap.ServerBootstrap;
import org.apache.hc.core5.http.impl.routing.RequestRouter;
import org.apache.hc.core5.http.io.HttpRequestHandler;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.EntityTemplate;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;

/**
 * An Apache HttpCore server without a local port. POST /digest returns the SHA-256 of the posted bytes, POST /echo returns the
 * bytes themselves while they are still being sent, and GET /random/n returns n bytes. Its server socket factory makes it
 * reachable.
 */
public final class DigestServer implements AutoCloseable {
    private final HttpServer http;

    DigestServer(String relayHost, int relayPort) throws IOException {
        http = ServerBootstrap.bootstrap()
                .setServerSocketFactory(
                        RelayClient.serverSocketFactory(relayHost, relayPort, RelayClientOptions.defaults()))
                .setSocketConfig(SocketConfig.custom()
                        .setSoTimeout(Timeout.ofSeconds(60))
                        .setTcpNoDelay(true)
                        .build())
                .setRequestRouter(routes())
                .create();
        http.start();
    }

    /** Accepts requests for any host name, because visitors use the name of the relay server, which this server does not know. */
    private static RequestRouter<HttpRequestHandler> routes() {
        return RequestRouter.<HttpRequestHandler>builder()
                .addRoute(RequestRouter.LOCAL_AUTHORITY, "/random/*", DigestServer::random)
                .addRoute(RequestRouter.LOCAL_AUTHORITY, "/digest", DigestServer::digest)
                .addRoute(RequestRouter.LOCAL_AUTHORITY, "/echo", DigestServer::echo)
                .resolveAuthority(RequestRouter.LOCAL_AUTHORITY_RESOLVER)
                .build();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 2 || !args[1].matches("[0-9]{1,5}")) {
            System.err.println("usage: DigestServer <relay host> <relay port>");
            System.exit(2);
        }
        try (DigestServer server = new DigestServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("try: curl --data hello http://" + args[0] + ":" + server.publicPort() + "/digest");
            server.http.awaitTermination(TimeValue.MAX_VALUE);
        }
    }

    int publicPort() {
        return http.getLocalPort();
    }

    private static void digest(ClassicHttpRequest request, ClassicHttpResponse response, HttpContext context)
            throws IOException {
        MessageDigest digest = sha256();
        if (request.getEntity() != null) {
            try (InputStream in = new DigestInputStream(request.getEntity().getContent(), digest)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
        }
        response.setEntity(new StringEntity(HexFormat.of().formatHex(digest.digest()), ContentType.TEXT_PLAIN));
    }

    private static void echo(ClassicHttpRequest request, ClassicHttpResponse response, HttpContext context)
            throws IOException {
        if (request.getEntity() == null) return;
        InputStream in = request.getEntity().getContent();
        response.setEntity(new EntityTemplate(-1, ContentType.APPLICATION_OCTET_STREAM, null, out -> {
            byte[] buffer = new byte[64 * 1024];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                out.flush(); // at once, not only when a buffer is full
            }
        }));
    }

    private static void random(ClassicHttpRequest request, ClassicHttpResponse response, HttpContext context) {
        int length;
        try {
            length = Integer.parseInt(request.getPath().substring("/random/".length()));
        } catch (NumberFormatException e) {
            response.setCode(HttpStatus.SC_BAD_REQUEST);
            return;
        }
        response.setEntity(new EntityTemplate(
                length, ContentType.APPLICATION_OCTET_STREAM, null, out -> writeRandom(length, out)));
    }

    /** Returns the same bytes each time for the same length. */
    static void writeRandom(int length, OutputStream out) throws IOException {
        Random random = new Random(length);
        byte[] piece = new byte[64 * 1024];
        for (int left = length; left > 0; left -= piece.length) {
            random.nextBytes(piece);
            out.write(piece, 0, Math.min(left, piece.length));
        }
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    @Override
    public void close() {
        http.close(CloseMode.GRACEFUL);
    }
}
