package org.relay4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.util.function.Consumer;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/** A Jetty server with few threads, for HTTP/1.1 and HTTP/2 without TLS, behind a relay server. */
final class RelayedServer implements AutoCloseable {
    final QueuedThreadPool pool = new QueuedThreadPool(8, 8);
    final Server server = new Server(pool);
    final RelayAcceptor acceptor;
    final RelayConnector connector;
    RelayServer relay;

    /** A handler that may throw. */
    @FunctionalInterface
    interface Body {
        boolean handle(Request request, Response response, Callback callback) throws Exception;
    }

    static RelayedServer start(Body body) throws Exception {
        return start(body, connector -> {});
    }

    static RelayedServer start(Body body, Consumer<RelayConnector> options) throws Exception {
        return start(body, options, RelayClientOptions.defaults());
    }

    static RelayedServer start(Body body, Consumer<RelayConnector> options, RelayClientOptions client)
            throws Exception {
        RelayedServer started = new RelayedServer(client);
        started.server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) throws Exception {
                return body.handle(request, response, callback);
            }
        });
        options.accept(started.connector);
        started.server.start();
        return started;
    }

    private RelayedServer(RelayClientOptions client) throws IOException {
        relay = RelayServer.start(RelayServerOptions.builder()
                .port(FixedPort.free())
                .extended(client.visitorAddresses())
                .build());
        acceptor = RelayClient.connect("localhost", relay.port(), client);
        HttpConfiguration http = new HttpConfiguration();
        HTTP2CServerConnectionFactory http2 = new HTTP2CServerConnectionFactory(http);
        http2.setMaxConcurrentStreams(256);
        connector = new RelayConnector(server, acceptor, new HttpConnectionFactory(http), http2);
        server.addConnector(connector);
    }

    /** Sends back the body of the request. */
    static boolean echo(Request request, Response response, Callback callback) {
        Content.copy(request, response, callback);
        return true;
    }

    URI uri(String path) {
        return URI.create("http://localhost:" + connector.getLocalPort() + path);
    }

    /** Reads the head of a reply, and no further. */
    static void readHead(Socket visitor, String status) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(US_ASCII).endsWith("\r\n\r\n")) {
            int next = visitor.getInputStream().read();
            if (next < 0) throw new AssertionError("ended within the head: " + head);
            head.write(next);
        }
        assertEquals(status, head.toString(US_ASCII).lines().findFirst().orElse(""));
    }

    /** Ends the relay server, and starts another on its port. */
    void restartRelay() throws Exception {
        int port = relay.port();
        relay.close();
        Await.until("the tunnel is lost", () -> !acceptor.isOpen());
        relay = RelayServer.start(RelayServerOptions.builder().port(port).build());
        Await.until("the tunnel is back", acceptor::isOpen);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new AssertionError("does not stop", e);
        } finally {
            relay.close();
        }
    }
}
