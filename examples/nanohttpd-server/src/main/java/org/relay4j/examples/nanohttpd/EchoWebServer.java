package org.relay4j.examples.nanohttpd;

import fi.iki.elonen.NanoHTTPD;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import org.relay4j.client.RelayClient;

/**
 * A NanoHTTPD server without a local port. POST /digest returns the SHA-256 of the posted bytes, POST /echo returns the bytes
 * themselves while they are still being sent, and GET /random/n returns n bytes. Its server socket makes it reachable.
 */
public final class EchoWebServer implements AutoCloseable {
    private static final String BYTES = "application/octet-stream";

    private final Web web = new Web();

    EchoWebServer(String relayHost, int relayPort) throws IOException {
        web.setServerSocketFactory(() -> RelayClient.connect(relayHost, relayPort));
        web.start(60_000, true); // ms that a visitor may be idle
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 2 || !args[1].matches("[0-9]{1,5}")) {
            System.err.println("usage: EchoWebServer <relay host> <relay port>");
            System.exit(2);
        }
        try (EchoWebServer server = new EchoWebServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("try: curl --data hello http://" + args[0] + ":" + server.publicPort() + "/echo");
            new CountDownLatch(1).await(); // until the process is ended
        }
    }

    int publicPort() {
        return web.getListeningPort();
    }

    @Override
    public void close() {
        web.stop();
    }

    /** The subclass that NanoHTTPD requires. The port is that of the tunnel. */
    private static final class Web extends NanoHTTPD {
        Web() {
            super(0);
        }

        @Override
        public Response serve(IHTTPSession session) {
            String path = session.getUri();
            try {
                if (path.startsWith("/random/")) {
                    long length = Long.parseUnsignedLong(path.substring("/random/".length()));
                    return newFixedLengthResponse(Response.Status.OK, BYTES, new RandomBytes(length), length);
                }
                // NanoHTTPD finds the end of a request only by its Content-Length.
                String announced = session.getHeaders().get("content-length");
                if (announced == null) return error(Response.Status.LENGTH_REQUIRED);
                long length = Long.parseUnsignedLong(announced);
                return switch (path) {
                    case "/digest" -> newFixedLengthResponse(digest(session.getInputStream(), length));
                    case "/echo" -> newFixedLengthResponse(Response.Status.OK, BYTES, session.getInputStream(), length);
                    default -> error(Response.Status.NOT_FOUND);
                };
            } catch (NumberFormatException e) {
                return error(Response.Status.BAD_REQUEST);
            } catch (IOException e) {
                return error(Response.Status.INTERNAL_ERROR);
            }
        }

        /** Also ends the connection, because the rest of the request was not read. */
        private static Response error(Response.Status status) {
            Response response = newFixedLengthResponse(status, MIME_PLAINTEXT, status.getDescription());
            response.closeConnection(true);
            return response;
        }

        private static String digest(InputStream in, long length) throws IOException {
            MessageDigest digest;
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e); // every Java platform has it
            }
            byte[] buffer = new byte[64 * 1024];
            for (long left = length; left > 0; ) {
                int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                if (n < 0) throw new EOFException("the request ended " + left + " bytes too early");
                digest.update(buffer, 0, n);
                left -= n;
            }
            return HexFormat.of().formatHex(digest.digest());
        }
    }
}
