package consumer;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** A Spring Boot application behind a relay server, and a request. */
@EnableAutoConfiguration
@RestController
public class Application {
    @GetMapping("/")
    String page() {
        return "hello";
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        try (RelayServer relay = RelayServer.start(0);
                ConfigurableApplicationContext context = SpringApplication.run(
                        Application.class,
                        "--server.port=0",
                        "--relay.host=localhost",
                        "--relay.port=" + relay.port(),
                        "--logging.level.root=warn",
                        "--spring.main.banner-mode=off")) {
            int port = context.getBean(Tunnel.class).publicAddress().getPort();
            URI page = URI.create("http://localhost:" + port + "/");
            HttpResponse<String> reply = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString());
            System.out.println("spring: " + reply.body());
        }
    }
}
