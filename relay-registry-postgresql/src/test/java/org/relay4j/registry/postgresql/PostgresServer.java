package org.relay4j.registry.postgresql;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.testing.Await;

/**
 * A PostgreSQL server with a database of its own in a temporary folder, which a test can kill, suspend and start again. It runs as user
 * {@code postgres} if this process is root's, since PostgreSQL refuses to run as root.
 */
final class PostgresServer implements AutoCloseable {
    static final String USER = "relay";
    static final String PASSWORD = "wb3ZK-relay";
    private static final String OWNER = "postgres";

    private final Path folder;
    private final int port;
    private Process process;

    private PostgresServer(Path folder, int port) throws IOException {
        this.folder = folder;
        this.port = port;
        process = launch();
    }

    /** Starts a server whose database has the tables of a store. */
    static PostgresServer startWithTables() throws Exception {
        PostgresServer server = start();
        try (RegistryStore first = server.open()) {
            first.check("").toCompletableFuture().join();
        }
        return server;
    }

    /** Creates and starts a server with the user {@link #USER}, who owns the database {@code relay}. */
    static PostgresServer start() throws Exception {
        Path folder = Files.createTempDirectory("relay-postgres");
        if (isRoot()) run(List.of("chown", OWNER, folder.toString()));
        Path password = folder.resolve("password");
        Files.writeString(password, PASSWORD);
        if (isRoot()) run(List.of("chown", OWNER, password.toString()));
        run(asOwner(
                program("initdb").toString(),
                "--pgdata=" + folder.resolve("data"),
                "--username=" + OWNER,
                "--pwfile=" + password,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions"));
        PostgresServer server = new PostgresServer(folder, freePort());
        server.awaitReady();
        server.administer("CREATE ROLE " + USER + " LOGIN PASSWORD '" + PASSWORD + "'");
        server.administer("CREATE DATABASE relay OWNER " + USER);
        return server;
    }

    private Process launch() throws IOException {
        List<String> command = asOwner(
                program("postgres").toString(),
                "-D",
                folder.resolve("data").toString(),
                "-k",
                "",
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "port=" + port,
                "-c",
                "fsync=off"); // faster; a kill loses nothing that the kernel has
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log()))
                .start();
    }

    private File log() {
        return folder.resolve("log").toFile();
    }

    private void awaitReady() {
        Await.until(this::logged, () -> {
            if (!process.isAlive()) throw new AssertionError("PostgreSQL has ended: " + logged());
            try (Connection connection = connect(OWNER, "postgres")) {
                return connection != null;
            } catch (SQLException e) {
                return false;
            }
        });
    }

    /** Returns what the server has logged. */
    String logged() {
        try {
            return Files.readString(log().toPath());
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** A file in the server's folder. */
    Path data(String name) {
        return folder.resolve("data").resolve(name);
    }

    int port() {
        return port;
    }

    /** The JDBC URL of a database. */
    String url(String database) {
        return url(database, port);
    }

    static String url(String database, int port) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database;
    }

    /** Opens a store in the database {@code relay}, without a check. */
    RegistryStore open() {
        return open(url("relay"));
    }

    static RegistryStore open(String url) {
        return open(url, USER, PASSWORD);
    }

    static RegistryStore open(String url, String user, String password) {
        return new PostgresqlRegistryProvider().open(url, name -> switch (name) {
            case "RELAY_CLUSTER_USER" -> user;
            case "RELAY_CLUSTER_PASSWORD" -> password;
            default -> null;
        });
    }

    private Connection connect(String user, String database) throws SQLException {
        return DriverManager.getConnection(url(database), user, PASSWORD);
    }

    /** Carries out statements as the administrator, in database {@code postgres}. */
    void administer(String sql) throws SQLException {
        execute(OWNER, "postgres", sql);
    }

    /** Carries out statements as the owner of the database {@code relay}. */
    void sql(String sql) throws SQLException {
        execute(USER, "relay", sql);
    }

    void execute(String user, String database, String sql) throws SQLException {
        try (Connection connection = connect(user, database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Returns the first column of the first row. */
    String ask(String sql) throws SQLException {
        try (Connection connection = connect(USER, "relay");
                Statement statement = connection.createStatement();
                var result = statement.executeQuery(sql)) {
            result.next();
            return result.getString(1);
        }
    }

    /** Ends all processes of the server without a word, as a power failure does. */
    void kill() {
        List<ProcessHandle> all = processes();
        all.forEach(ProcessHandle::destroyForcibly);
        Await.until("all processes have ended", () -> all.stream().noneMatch(ProcessHandle::isAlive));
    }

    /** Starts the server again after {@link #kill}. Returns before it answers. */
    void restart() throws IOException {
        process = launch();
    }

    /** Suspends all processes of the server; the kernel still serves its sockets. */
    void suspend() throws Exception {
        signal("-STOP");
    }

    void resume() throws Exception {
        signal("-CONT");
    }

    private void signal(String name) throws Exception {
        List<String> command = new ArrayList<>(List.of("kill", name));
        for (ProcessHandle each : processes()) command.add(Long.toString(each.pid()));
        run(command);
    }

    private List<ProcessHandle> processes() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .toList();
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static List<String> asOwner(String... command) {
        List<String> all = new ArrayList<>();
        if (isRoot()) all.addAll(List.of("setpriv", "--reuid=" + OWNER, "--regid=" + OWNER, "--clear-groups"));
        all.addAll(Arrays.asList(command));
        return all;
    }

    /** Debian has the programs of each version in a folder of its own, outside the path. */
    private static Path program(String name) throws IOException {
        Stream<Path> folders =
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator)).map(Path::of);
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                folders = Stream.concat(versions.map(version -> version.resolve("bin")).toList().stream(), folders);
            }
        }
        return folders.map(folder -> folder.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " of PostgreSQL is missing; install postgresql"));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static void run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new AssertionError(command + " has failed: " + output);
        }
    }
}
