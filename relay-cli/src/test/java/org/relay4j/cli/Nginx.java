package org.relay4j.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.relay4j.testing.Await;

/** A web server that expects the PROXY protocol, and answers with the address that it has learned. */
final class Nginx implements AutoCloseable {
    private final ChildProcess process;

    private Nginx(ChildProcess process) {
        this.process = process;
    }

    static Nginx start(Path folder, int port) throws IOException {
        Path configuration = Files.write(
                folder.resolve("nginx.conf"),
                List.of(
                        "daemon off;",
                        "master_process off;",
                        "pid " + folder.resolve("nginx.pid") + ";",
                        "error_log stderr;",
                        "events {}",
                        "http {",
                        "    access_log off;",
                        temporary(folder, "client_body"),
                        temporary(folder, "proxy"),
                        temporary(folder, "fastcgi"),
                        temporary(folder, "uwsgi"),
                        temporary(folder, "scgi"),
                        "    server {",
                        "        listen 127.0.0.1:" + port + " proxy_protocol;",
                        "        location / { return 200 \"$proxy_protocol_addr:$proxy_protocol_port\"; }",
                        "    }",
                        "}"));
        Nginx nginx = new Nginx(
                ChildProcess.start("nginx", "-e", "stderr", "-p", folder.toString(), "-c", configuration.toString()));
        Await.until(() -> "nginx listens: " + nginx.process, () -> nginx.listens(port));
        return nginx;
    }

    private static String temporary(Path folder, String kind) {
        return "    " + kind + "_temp_path " + folder.resolve(kind) + ";";
    }

    private boolean listens(int port) {
        if (!process.isAlive()) throw new AssertionError("ended: " + process);
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
