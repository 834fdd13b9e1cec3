package consumer;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.relay4j.client.RelayClient;
import org.relay4j.jetty.RelayConnector;
import org.relay4j.server.RelayServer;

/** A Jetty server behind a relay server, and a request. */
public final class Web {
    private Web() {}

    public static void main(String[] args) throws Exception {
        try (RelayServer relay = RelayServer.start(0)) {
            Server server = new Server();
            RelayConnector connector = new RelayConnector(
                    server, RelayClient.connect("localhost", relay.port()), new HttpConnectionFactory());
            server.addConnector(connector);
            server.setHandler(new Handler.Abstract() {
                @Override
                public boolean handle(Request request, Response response, Callback callback) {
                    Content.Sink.write(response, true, "hello", callback);
                    return true;
                }
            });
            server.start();
            URI page = URI.create("http://localhost:" + connector.getLocalPort() + "/");
            HttpResponse<String> reply = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString());
            System.out.println("jetty: " + reply.body());
            server.stop();
        }
    }
}
