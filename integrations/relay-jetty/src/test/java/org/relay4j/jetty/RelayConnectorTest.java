package org.relay4j.jetty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;

/** HTTP over a connector: bodies, many at once, timeouts, and every way in which it ends. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class RelayConnectorTest {
    private static final int LARGE = 100 << 20; // bytes

    /** Larger than all windows and buffers between the two programs. */
    private static final int MORE_THAN_FITS = 64 << 20; // bytes

    private static HttpRequest get(RelayedServer served, String path) {
        return HttpRequest.newBuilder(served.uri(path)).timeout(Await.DEADLINE).build();
    }

    private static HttpClient client(HttpClient.Version version) {
        return HttpClient.newBuilder().version(version).build();
    }

    @Test
    void largeBodiesBothWaysAtOnce() throws Exception {
        try (RelayedServer served = RelayedServer.start(RelayedServer::echo)) {
            try (Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
                Visitor.send(
                        visitor,
                        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + LARGE + "\r\n\r\n");
                Call<Void> sending = Call.run(() -> Pattern.write(4, LARGE, visitor.getOutputStream()));
                RelayedServer.readHead(visitor, "HTTP/1.1 200 OK");
                InputStream in = visitor.getInputStream();
                Pattern.check(4, LARGE, in);
                Visitor.expectEnd(visitor);
                sending.result();
            }
        }
    }

    /** With HTTP/1.1 on 200 connections, with HTTP/2 on one. */
    @Test
    void twoHundredRequestsAtOnce() throws Exception {
        for (HttpClient.Version version : HttpClient.Version.values()) {
            try (RelayedServer served = RelayedServer.start(RelayedServer::echo)) {
                HttpClient client = client(version);
                // The request that upgrades the connection, when there is something to upgrade to, has no body.
                assertEquals(
                        version,
                        client.send(get(served, "/"), HttpResponse.BodyHandlers.discarding())
                                .version());
                List<CompletableFuture<HttpResponse<String>>> replies = new ArrayList<>();
                for (int n = 0; n < 200; n++) {
                    HttpRequest post = HttpRequest.newBuilder(served.uri("/"))
                            .POST(HttpRequest.BodyPublishers.ofString("request " + n))
                            .build();
                    replies.add(client.sendAsync(post, HttpResponse.BodyHandlers.ofString()));
                }
                for (int n = 0; n < 200; n++) {
                    HttpResponse<String> reply = replies.get(n).get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
                    assertEquals("request " + n, reply.body());
                    assertEquals(version, reply.version());
                }
            }
        }
    }

    /** All threads of the pool except those of the connector are blocked in writes, and all resume. */
    @Test
    void writesThatBlockDoNotBlockEachOther() throws Exception {
        try (RelayedServer served = RelayedServer.start((request, response, callback) -> {
            Pattern.write(5, MORE_THAN_FITS / 4, Content.Sink.asOutputStream(response));
            callback.succeeded();
            return true;
        })) {
            int visitors = 12; // more than the pool has threads
            List<Socket> open = new ArrayList<>();
            for (int n = 0; n < visitors; n++) {
                Socket visitor = Visitor.connect(served.connector.getLocalPort());
                open.add(visitor);
                Visitor.send(visitor, "GET / HTTP/1.0\r\n\r\n");
            }
            Await.until("no thread is left", () -> served.pool.getIdleThreads() == 0 && served.pool.getQueueSize() > 0);
            List<Call<Void>> reading = new ArrayList<>();
            for (Socket visitor : open) {
                reading.add(Call.run(() -> {
                    RelayedServer.readHead(visitor, "HTTP/1.1 200 OK");
                    Pattern.check(5, MORE_THAN_FITS / 4, visitor.getInputStream());
                    Visitor.expectEnd(visitor);
                    visitor.close();
                }));
            }
            reading.forEach(Call::result);
        }
    }

    @Test
    void requestOfAVisitorThatHasSentEverythingIsAnswered() throws Exception {
        try (RelayedServer served = RelayedServer.start(RelayedServer::echo);
                Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
            Visitor.send(visitor, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
            visitor.shutdownOutput();
            RelayedServer.readHead(visitor, "HTTP/1.1 200 OK");
            assertTrue(new String(visitor.getInputStream().readAllBytes(), UTF_8).contains("hello"));
        }
    }

    @Test
    void requestsComeFromTheirVisitorsIfTheServerStatesTheAddresses() throws Exception {
        RelayClientOptions options =
                RelayClientOptions.builder().visitorAddresses(true).build();
        try (RelayedServer served = RelayedServer.start(
                        (request, response, callback) -> {
                            String text = Request.getRemoteAddr(request) + " " + Request.getRemotePort(request);
                            response.write(true, ByteBuffer.wrap(text.getBytes(UTF_8)), callback);
                            return true;
                        },
                        connector -> {},
                        options);
                Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
            Visitor.send(visitor, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            RelayedServer.readHead(visitor, "HTTP/1.1 200 OK");
            String from = visitor.getLocalAddress().getHostAddress() + " " + visitor.getLocalPort();
            String reply = new String(visitor.getInputStream().readAllBytes(), UTF_8);
            assertTrue(reply.contains(from), () -> from + " in " + reply);
        }
    }

    @Test
    void addressesAreThoseOfTheAcceptor() throws Exception {
        try (RelayedServer served = RelayedServer.start((request, response, callback) -> {
            String text = Request.getRemoteAddr(request) + " " + Request.getLocalPort(request);
            response.write(true, ByteBuffer.wrap(text.getBytes(UTF_8)), callback);
            return true;
        })) {
            int port = served.acceptor.publicAddress().getPort();
            HttpResponse<String> reply =
                    client(HttpClient.Version.HTTP_1_1).send(get(served, "/"), HttpResponse.BodyHandlers.ofString());
            assertEquals("0.0.0.0 " + port, reply.body());
            assertEquals(port, served.connector.getLocalPort());
            assertEquals(port, served.connector.getPort());
            assertEquals("localhost", served.connector.getHost());
            assertEquals(port, served.server.getURI().getPort());
            assertEquals(served.acceptor, served.connector.getTransport());
        }
    }

    @Test
    void connectionThatIsIdleIsClosed() throws Exception {
        try (RelayedServer served =
                        RelayedServer.start(RelayedServer::echo, connector -> connector.setIdleTimeout(50));
                Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
            Visitor.send(visitor, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok");
            RelayedServer.readHead(visitor, "HTTP/1.1 200 OK");
            visitor.getInputStream().readAllBytes(); // up to the end
            Await.until(
                    "it is forgotten",
                    () -> served.connector.getConnectedEndPoints().isEmpty());
        }
    }

    @Test
    void replyThatNobodyReadsEndsAfterTheIdleTimeoutWithAReset() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        try (RelayedServer served = RelayedServer.start(
                        (request, response, callback) -> {
                            try {
                                Pattern.write(5, MORE_THAN_FITS, Content.Sink.asOutputStream(response));
                                failure.complete(null);
                            } catch (IOException e) {
                                failure.complete(e);
                                throw e;
                            }
                            callback.succeeded();
                            return true;
                        },
                        connector -> connector.setIdleTimeout(200));
                Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
            Visitor.send(visitor, "GET / HTTP/1.0\r\n\r\n");
            assertTrue(failure.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS) instanceof IOException);
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void resetOfTheVisitorFailsTheRequest() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        CountDownLatch inside = new CountDownLatch(1);
        try (RelayedServer served = RelayedServer.start((request, response, callback) -> {
                    inside.countDown();
                    try {
                        Content.Source.asInputStream(request).transferTo(OutputStream.nullOutputStream());
                        failure.complete(null);
                    } catch (IOException e) {
                        failure.complete(e);
                    }
                    callback.succeeded();
                    return true;
                });
                Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
            Visitor.send(visitor, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome");
            Await.until("the request is there", inside);
            Visitor.reset(visitor);
            assertTrue(failure.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS) instanceof IOException);
        }
    }

    @Test
    void stoppingLetsARequestFinishWithinTheStopTimeout() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (RelayedServer served = RelayedServer.start((request, response, callback) -> {
            inside.countDown();
            Await.until("the request may continue", goOn);
            response.write(true, ByteBuffer.wrap("done".getBytes(UTF_8)), callback);
            return true;
        })) {
            int port = served.connector.getLocalPort();
            served.server.setStopTimeout(Await.DEADLINE.toMillis());
            CompletableFuture<HttpResponse<String>> reply = client(HttpClient.Version.HTTP_1_1)
                    .sendAsync(get(served, "/"), HttpResponse.BodyHandlers.ofString());
            Await.until("the request is there", inside);
            Call<Void> stopping = Call.run(served.server::stop);
            Visitor.awaitRefused(port);
            assertFalse(stopping.isDone());
            goOn.countDown();
            assertEquals(
                    "done",
                    reply.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS).body());
            stopping.result();
            assertFalse(served.connector.isOpen());
            assertEquals(-2, served.connector.getLocalPort());
        }
    }

    @Test
    void stoppingResetsWhoIsLeft() throws Exception {
        try (RelayedServer served = RelayedServer.start(RelayedServer::echo);
                Socket visitor = Visitor.connect(served.connector.getLocalPort())) {
            Visitor.send(visitor, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nsome");
            Await.until(
                    "it is there",
                    () -> served.connector.getConnectedEndPoints().size() == 1);
            served.server.stop();
            Visitor.expectReset(visitor);
            assertThrows(SocketException.class, served.server::start);
        }
    }

    @Test
    void tunnelThatIsLostForGoodEndsAccepting() throws Exception {
        RelayClientOptions once = RelayClientOptions.builder().reconnect(false).build();
        try (RelayedServer served = RelayedServer.start(RelayedServer::echo, connector -> {}, once)) {
            assertTrue(served.connector.isOpen());
            served.relay.close();
            Await.until("it is not open", () -> !served.connector.isOpen());
            assertTrue(served.connector.isRunning());
        }
    }

    @Test
    void tunnelThatComesBackIsNotNoticed() throws Exception {
        RelayClientOptions patient = RelayClientOptions.builder()
                .backoff(Duration.ofMillis(1), Duration.ofMillis(20))
                .build();
        try (RelayedServer served = RelayedServer.start(RelayedServer::echo, connector -> {}, patient)) {
            served.restartRelay();
            HttpRequest post = HttpRequest.newBuilder(served.uri("/"))
                    .POST(HttpRequest.BodyPublishers.ofString("again"))
                    .build();
            HttpResponse<String> reply =
                    client(HttpClient.Version.HTTP_1_1).send(post, HttpResponse.BodyHandlers.ofString());
            assertEquals("again", reply.body());
        }
    }

    /** A handler that never blocks runs on the thread that then waits for the next notice. */
    @Test
    void handlerThatLeavesTheInterruptFlagSetStopsNothing() throws Exception {
        Handler interrupting = new Handler.Abstract.NonBlocking() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                Thread.currentThread().interrupt();
                callback.succeeded();
                return true;
            }
        };
        try (RelayedServer served = RelayedServer.start(
                RelayedServer::echo, connector -> connector.getServer().setHandler(interrupting))) {
            HttpClient client = client(HttpClient.Version.HTTP_1_1);
            for (int n = 0; n < 2 * served.pool.getMaxThreads(); n++) {
                assertEquals(
                        200,
                        client.send(get(served, "/"), HttpResponse.BodyHandlers.discarding())
                                .statusCode());
            }
        }
    }

    @Test
    void timeoutOfTheAcceptorMeansNothing() throws Exception {
        try (RelayedServer served = RelayedServer.start(RelayedServer::echo)) {
            served.acceptor.setSoTimeout(1);
            for (int n = 0; n < 5; n++) {
                HttpResponse<String> reply = client(HttpClient.Version.HTTP_1_1)
                        .send(get(served, "/"), HttpResponse.BodyHandlers.ofString());
                assertEquals(200, reply.statusCode());
            }
        }
    }

    @Test
    void constructorTakesWhatJettyTakes() throws Exception {
        Server server = new Server();
        assertThrows(
                NullPointerException.class,
                () -> new RelayConnector(
                        server,
                        null,
                        new HttpConnectionFactory(),
                        new HTTP2CServerConnectionFactory(new HttpConfiguration())));
    }
}
