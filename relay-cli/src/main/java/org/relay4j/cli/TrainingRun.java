package org.relay4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A short life of Relay in one process: a server, a forwarder and a visitor, first plain, then with TLS, configured by files. The
 * packaging runs it to find out which classes a start needs, for the archive that makes later starts faster. It uses loopback
 * addresses only.
 */
public final class TrainingRun {
    private static final int BYTES = 1 << 20;

    private final InetAddress loopback = InetAddress.getLoopbackAddress();
    private final String address = loopback.getHostAddress();
    private final Path folder;

    private TrainingRun(Path folder) {
        this.folder = folder;
    }

    /** Runs once and ends normally, because only then the JVM writes its archive. */
    public static void main(String[] args) throws IOException {
        if (args.length != 1) throw new IllegalArgumentException("usage: TrainingRun <empty folder>");
        StandardErrorLogging.use(); // as Main does
        Shutdown shutdown = new Shutdown();
        shutdown.install();
        new TrainingRun(Path.of(args[0])).run();
        shutdown.exit(ExitCode.OK); // the commands are still waiting
    }

    private void run() throws IOException {
        try (ServerSocket service = new ServerSocket(0, 1, loopback)) {
            plain(service);
            configured(service);
        }
    }

    private void plain(ServerSocket service) throws IOException {
        Shutdown server = new Shutdown();
        String listening = start(server, "server", "--bind=" + address, "--public-bind=" + address, "0");
        Shutdown forwarder = new Shutdown();
        String local = "--localForwardPort=" + service.getLocalPort();
        String relaying = start(forwarder, "forwarder", local, "localhost", "" + port(listening));
        visit(publicPort(relaying), service);
        forwarder.closeAll();
        server.closeAll();
    }

    private void configured(ServerSocket service) throws IOException {
        command("keygen", "--host=" + address, "--out=" + folder);
        int admin = freePort();
        Shutdown server = new Shutdown();
        String listening = start(server, "server", file("server", """
                port = 0
                bind = "%1$s"
                public-bind = "%1$s"
                tls-cert = "relay-cert.pem"
                tls-key = "relay-key.pem"
                state-file = "state"
                admin = "%1$s:%2$d"
                """.formatted(address, admin)));
        Shutdown forwarder = new Shutdown();
        String relaying = start(forwarder, "forwarder", file("forwarder", """
                host = "%s"
                port = %d
                local-host = "%1$s"
                local-forward-port = %d
                tls-ca = "relay-cert.pem"
                lease-file = "lease"
                """.formatted(
                        address, port(listening), service.getLocalPort())));
        visit(publicPort(relaying), service);
        for (String page : new String[] {"/healthz", "/readyz", "/metrics", "/api/tunnels"}) fetch(admin, page);
        forwarder.closeAll();
        server.closeAll();
    }

    private String file(String name, String configuration) throws IOException {
        Path file = folder.resolve(name + ".toml");
        Files.writeString(file, configuration);
        return "--config=" + file;
    }

    private static void command(String... args) {
        ExitCode code = new Cli(Map.of(), System.out, System.err, new Shutdown()).run(args);
        if (code != ExitCode.OK) throw new IllegalStateException(String.join(" ", args) + " ended with " + code);
    }

    /** Starts a server or forwarder on a thread of its own; returns its first line of output. */
    private static String start(Shutdown shutdown, String name, String... args) throws IOException {
        PipedInputStream output = new PipedInputStream();
        PrintStream out = new PrintStream(new PipedOutputStream(output), true, StandardCharsets.UTF_8);
        Thread thread = new Thread(
                () -> {
                    Terminal terminal = Terminal.ofStandardError(System.getenv());
                    new Cli(Map.of(), out, System.err, shutdown, terminal).run(args);
                    out.close();
                },
                name);
        thread.setDaemon(true);
        thread.start();
        String line = new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8)).readLine();
        if (line == null) throw new IllegalStateException("the " + name + " did not start");
        return line;
    }

    private void visit(int port, ServerSocket service) throws IOException {
        try (Socket visitor = new Socket(loopback, port);
                Socket served = service.accept()) {
            transfer(visitor, served);
            transfer(served, visitor);
        }
    }

    /** Sends some data through the tunnel, and the end of it. */
    private static void transfer(Socket from, Socket to) throws IOException {
        byte[] piece = new byte[8192]; // fits in the buffers of the kernel, so one thread can send and receive
        InputStream in = to.getInputStream();
        for (int sent = 0; sent < BYTES; sent += piece.length) {
            from.getOutputStream().write(piece);
            if (in.readNBytes(piece.length).length < piece.length) throw new IOException("the visitor was reset");
        }
        from.shutdownOutput();
        if (in.read() != -1) throw new IOException("no end of the stream");
    }

    private void fetch(int port, String page) throws IOException {
        try (InputStream body =
                URI.create("http://" + address + ":" + port + page).toURL().openStream()) {
            body.readAllBytes();
        }
    }

    private int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, loopback)) {
            return socket.getLocalPort();
        }
    }

    private static int publicPort(String relaying) {
        return port(relaying.substring(0, relaying.indexOf(" -> ")));
    }

    private static int port(String line) {
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }
}
