package org.relay4j.examples.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayForwarder;

/**
 * The JDK's HTTP server behind a tunnel: GET and PUT of the files in one folder. A POST is echoed while it is still being sent.
 * Like most servers that use channels, it opens its own sockets. So it listens on loopback, and a forwarder in the same process
 * connects the visitors to it.
 */
public final class FileServer implements AutoCloseable {
    private final Path folder;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer http;
    private final RelayForwarder tunnel;

    FileServer(String relayHost, int relayPort, Path folder) throws IOException {
        this.folder = folder.toRealPath();
        // A loopback address, so that the server can be reached only through the public port.
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
        http.setExecutor(threads);
        http.createContext("/", this::handle);
        http.start();
        boolean up = false;
        try {
            tunnel = RelayClient.forward(relayHost, relayPort, http.getAddress());
            up = true;
        } finally {
            if (!up) stop();
        }
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 3 || !args[1].matches("[0-9]{1,5}") || !Files.isDirectory(Path.of(args[2]))) {
            System.err.println("usage: FileServer <relay host> <relay port> <folder>");
            System.exit(2);
        }
        try (FileServer server = new FileServer(args[0], Integer.parseInt(args[1]), Path.of(args[2]))) {
            System.out.println("try: curl http://" + args[0] + ":" + server.publicPort() + "/");
            server.tunnel.awaitEnd();
        }
    }

    int publicPort() {
        return tunnel.publicAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Path file = folder.resolve(exchange.getRequestURI().getPath().substring(1))
                    .normalize();
            if (!file.startsWith(folder)) {
                exchange.sendResponseHeaders(403, -1);
                return;
            }
            switch (exchange.getRequestMethod()) {
                case "GET" -> get(exchange, file);
                case "PUT" -> put(exchange, file);
                case "POST" -> echo(exchange);
                default -> exchange.sendResponseHeaders(405, -1);
            }
        }
    }

    private static void get(HttpExchange exchange, Path file) throws IOException {
        if (Files.isDirectory(file)) {
            exchange.sendResponseHeaders(204, -1);
            return;
        }
        try (InputStream in = Files.newInputStream(file)) {
            long size = Files.size(file);
            exchange.sendResponseHeaders(200, size == 0 ? -1 : size);
            in.transferTo(exchange.getResponseBody());
        } catch (NoSuchFileException e) {
            exchange.sendResponseHeaders(404, -1);
        }
    }

    private static void put(HttpExchange exchange, Path file) throws IOException {
        try (OutputStream out = Files.newOutputStream(file)) {
            exchange.getRequestBody().transferTo(out);
        }
        exchange.sendResponseHeaders(201, -1);
    }

    private static void echo(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0); // 0: the length is not known yet
        InputStream in = exchange.getRequestBody();
        OutputStream out = exchange.getResponseBody();
        byte[] buffer = new byte[64 * 1024];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            out.write(buffer, 0, n);
            out.flush();
        }
    }

    private void stop() {
        http.stop(0);
        threads.shutdown();
    }

    @Override
    public void close() {
        tunnel.close();
        stop();
    }
}
