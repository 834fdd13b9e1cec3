package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Visitor;

/** The admin addresses of a real server and its forwarder, in good and bad hands. */
class AdminIT {
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final int SLOW = 200; // connections

    @Test
    void drainIsTheShutdownOfSigterm() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay(
                        Map.of("RELAY_ADMIN_TOKEN", TOKEN), "--bind=127.0.0.1", "--admin=127.0.0.1:0", "0");
                ChildProcess forwarder = ChildProcess.relay(
                        "--admin=127.0.0.1:0",
                        "--localForwardPort=" + echo.port(),
                        "127.0.0.1:" + RelayPair.controlPort(server.line()))) {
            int port = RelayPair.publicPort(forwarder.line(), echo.port());
            AdminAddress ofServer = AdminAddress.of(server);
            AdminAddress ofForwarder = AdminAddress.of(forwarder);
            try (Socket visitor = Echo.visitor(port)) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
                assertEquals(401, ofServer.get("/api/tunnels").statusCode());
                String tunnels =
                        ofServer.send(ofServer.withToken("/api/tunnels", TOKEN)).body();
                String endpoint =
                        "{\"endpoint\":\"tcp/" + port + "\",\"kind\":\"tcp\",\"port\":" + port + ",\"openVisitors\":1}";
                assertTrue(tunnels.contains("\"endpoints\":[" + endpoint + "]"), tunnels);
                assertTrue(
                        tunnels.contains("\"openVisitors\":1,\"visitors\":1,\"bytesIn\":5,\"bytesOut\":5}]"), tunnels);
                String own = ofForwarder.get("/api/tunnels").body();
                assertTrue(own.contains("\"state\":\"up\""), own);
                assertTrue(own.contains("\"openVisitors\":1,\"visitors\":1,\"bytesIn\":5,\"bytesOut\":5,"), own);
                assertEquals(
                        202,
                        ofServer.send(ofServer.withToken("/api/drain", TOKEN).POST(BodyPublishers.noBody()))
                                .statusCode());
                server.errorLine("shutting down, 1 visitors may finish within 30 s");
                assertEquals(503, ofServer.get("/readyz").statusCode());
                assertEquals(200, ofServer.get("/healthz").statusCode());
                Visitor.send(visitor, "still here");
                Visitor.expect(visitor, "still here");
                visitor.shutdownOutput();
                Visitor.expectEnd(visitor);
            }
            assertEquals(0, server.awaitExit(), server::toString);
            assertFalse(server.errors().contains(TOKEN), "the token is in the log");
            Await.until(
                    "the forwarder shows the loss",
                    () -> ofForwarder.get("/api/tunnels").body().contains("\"state\":\"down\""));
            assertEquals(200, ofForwarder.get("/readyz").statusCode());
            assertEquals(200, ofForwarder.get("/healthz").statusCode());
        }
    }

    @Test
    void slowConnectionsNeitherStayNorDisturbTheTunnel() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "--admin=127.0.0.1:0", "0");
                ChildProcess forwarder = ChildProcess.relay(
                        "--localForwardPort=" + echo.port(), "127.0.0.1:" + RelayPair.controlPort(server.line()))) {
            int port = RelayPair.publicPort(forwarder.line(), echo.port());
            AdminAddress admin = AdminAddress.of(server);
            List<Socket> slow = new ArrayList<>();
            try {
                for (int i = 0; i < SLOW; i++) slow.add(slow(admin));
                Echo.through(port, 100_000);
                for (Socket each : slow) awaitEnd(each); // those beyond a limit at once, the others after their time
            } finally {
                for (Socket each : slow) each.close();
            }
            assertEquals(200, admin.get("/api/tunnels").statusCode());
            assertTooLarge(admin, "X: " + "x".repeat(1 << 20));
            assertTooLarge(admin, "X: y\r\n".repeat(1_000) + "X: y");
            assertEquals(200, admin.get("/api/tunnels").statusCode());
            Echo.through(port, 1_000);
            server.terminate();
            assertFalse(server.errors().contains("ERROR"), server::toString);
        }
    }

    /** A connection that never completes its request. */
    private static Socket slow(AdminAddress admin) throws IOException {
        Socket socket = new Socket();
        socket.connect(admin.socketAddress());
        socket.setSoTimeout((int) ChildProcess.DEADLINE.toMillis());
        try {
            socket.getOutputStream().write("GET /healthz HTTP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            // it is closed already
        }
        return socket;
    }

    private static void awaitEnd(Socket socket) {
        try {
            assertEquals(-1, socket.getInputStream().read());
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the connection is still open", e);
        } catch (IOException e) {
            // a reset is an end too
        }
    }

    /** The server must not answer with success, and must close the connection. */
    private static void assertTooLarge(AdminAddress admin, String headers) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(admin.socketAddress());
            socket.setSoTimeout((int) ChildProcess.DEADLINE.toMillis());
            String answer = "";
            try {
                String request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n\r\n";
                socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
                answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            } catch (SocketTimeoutException e) {
                throw new AssertionError("the connection is still open", e);
            } catch (IOException e) {
                // a reset is an answer too
            }
            assertFalse(answer.startsWith("HTTP/1.1 200"), answer);
        }
    }
}
