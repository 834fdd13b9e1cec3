package org.relay4j.spring;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.FixedPort;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A small application with a real web server, servlet or reactive, at any free port, and how a visitor asks it. */
@EnableAutoConfiguration
@RestController
class WebApplication {
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    final CountDownLatch asked = new CountDownLatch(1); // /late was
    final CountDownLatch released = new CountDownLatch(1); // what /late waits for

    @GetMapping("/hello")
    String hello() {
        return "hello";
    }

    @GetMapping("/late")
    String late() throws InterruptedException {
        asked.countDown();
        released.await();
        return "late reply";
    }

    /** Starts a relay server. Another one may be started later on its port. */
    static RelayServer relay() throws IOException {
        return relay(FixedPort.free());
    }

    static RelayServer relay(int port) throws IOException {
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(InetAddress.getLoopbackAddress())
                .port(port)
                .build());
    }

    /** Starts the application with a tunnel. */
    static ConfigurableApplicationContext run(WebApplicationType type, int relayPort, String... properties) {
        List<String> arguments = new ArrayList<>(List.of(properties));
        arguments.add("relay.host=localhost");
        arguments.add("relay.port=" + relayPort);
        arguments.add("server.port=0");
        arguments.add("relay.longest-backoff=200ms");
        arguments.add("management.endpoint.health.show-details=always");
        return new SpringApplicationBuilder(WebApplication.class)
                .web(type)
                .properties(arguments.toArray(String[]::new))
                .run();
    }

    static ConfigurableApplicationContext run(int relayPort, String... properties) {
        return run(WebApplicationType.SERVLET, relayPort, properties);
    }

    static int publicPort(ConfigurableApplicationContext context) {
        return context.getBean(Tunnel.class).publicAddress().getPort();
    }

    /** Asks as a visitor whose connection is kept alive afterwards. */
    static HttpResponse<String> get(HttpClient client, int port, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .timeout(DEADLINE)
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
