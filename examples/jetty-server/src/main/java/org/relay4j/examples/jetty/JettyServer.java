package org.relay4j.examples.jetty;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.jetty.RelayConnector;

/**
 * A Jetty server without a local port. POST /echo returns the posted bytes while they are still being sent, POST /digest returns
 * their SHA-256, GET /random/n returns n bytes, and the WebSocket /socket echoes its messages. Its connector makes it reachable.
 */
public final class JettyServer implements AutoCloseable {
    private static final int PIECE = 64 * 1024; // bytes
    private static final int LARGEST_MESSAGE = 1 << 20; // bytes

    private final Server server = new Server();
    private final RelayConnector connector;

    JettyServer(String relayHost, int relayPort) throws Exception {
        this(RelayClient.connect(relayHost, relayPort));
    }

    /** @param acceptor of a port or a host name; it is closed with the server */
    JettyServer(RelayAcceptor acceptor) throws Exception {
        connector = new RelayConnector(server, acceptor, new HttpConnectionFactory());
        server.addConnector(connector);
        WebSocketUpgradeHandler sockets = WebSocketUpgradeHandler.from(server, container -> {
            container.setMaxBinaryMessageSize(LARGEST_MESSAGE);
            container.addMapping("/socket", (request, response, callback) -> new EchoSocket());
        });
        sockets.setHandler(new Pages());
        server.setHandler(sockets);
        server.start();
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            System.err.println("usage: JettyServer <relay host> <relay port>");
            System.exit(2);
        }
        try (JettyServer jetty = new JettyServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("try: curl --data hello http://" + args[0] + ":" + jetty.publicPort() + "/digest");
            jetty.server.join();
        }
    }

    int publicPort() {
        return connector.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IOException("the server does not stop", e);
        }
    }

    private static final class Pages extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws IOException {
            String path = Request.getPathInContext(request);
            if (request.getMethod().equals("POST") && path.equals("/digest")) {
                Content.Sink.write(response, true, digest(request), callback);
            } else if (request.getMethod().equals("POST") && path.equals("/echo")) {
                Content.copy(request, response, callback); // does not block, and reads no faster than the visitor does
            } else if (request.getMethod().equals("GET") && path.matches("/random/\\d{1,9}")) {
                writeRandom(response, Integer.parseInt(path.substring("/random/".length())));
                callback.succeeded();
            } else {
                Response.writeError(request, response, callback, HttpStatus.NOT_FOUND_404);
            }
            return true;
        }

        /** Returns the SHA-256 of the posted bytes. Blocks while the visitor sends them. */
        private static String digest(Request request) throws IOException {
            MessageDigest digest = sha256();
            try (InputStream in = new DigestInputStream(Content.Source.asInputStream(request), digest)) {
                in.transferTo(OutputStream.nullOutputStream());
            }
            return HexFormat.of().formatHex(digest.digest());
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e); // every Java platform has it
            }
        }

        /** Returns the same bytes each time for the same length. Blocks while the visitor does not read them. */
        private static void writeRandom(Response response, int length) throws IOException {
            Random random = new Random(length);
            byte[] piece = new byte[PIECE];
            for (int left = length; left > 0; left -= PIECE) {
                random.nextBytes(piece);
                Content.Sink.write(response, left <= PIECE, ByteBuffer.wrap(piece, 0, Math.min(left, PIECE)));
            }
        }
    }
}
