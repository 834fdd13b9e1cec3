package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.cli.admin.AdminServer;

class AdminArgumentsTest {
    private static final String SECRET = "0123456789abcdef";

    private final Shutdown shutdown = new Shutdown();

    @AfterEach
    void close() {
        shutdown.closeAll();
    }

    @Test
    void noAddressByDefault() {
        assertNull(open(Map.of(AdminArguments.TOKEN_VARIABLE, "too short, but not used")));
    }

    @Test
    void addressAndPort() {
        assertEquals("127.0.0.1:7001", address("127.0.0.1:7001"));
        assertEquals("[0:0:0:0:0:0:0:1]:0", address("[::1]:0"));
        assertTrue(AdminArguments.address(new Value("--admin", "localhost:1"))
                .getAddress()
                .isLoopbackAddress());
        for (String bad :
                List.of("", "7001", ":7001", "127.0.0.1", "127.0.0.1:", "::1", "127.0.0.1:x", "a b:1", "[::1]")) {
            String message = assertThrows(
                            CommandFailure.class, () -> AdminArguments.address(new Value("--admin", bad)), bad)
                    .getMessage();
            assertTrue(message.startsWith("--admin is '"), message);
        }
        assertThrows(CommandFailure.class, () -> address("127.0.0.1:65536"));
    }

    private static String address(String text) {
        InetSocketAddress address = AdminArguments.address(new Value("--admin", text));
        String host = address.getAddress().getHostAddress();
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    @Test
    void otherMachinesNeedAToken() {
        assertFails(
                ExitCode.USAGE,
                "--admin is '0.0.0.0:0', which other machines can reach; set RELAY_ADMIN_TOKEN or"
                        + " --admin-token-file=<file>, or use 127.0.0.1",
                Map.of(),
                "--admin=0.0.0.0:0");
        AdminServer admin = open(Map.of(AdminArguments.TOKEN_VARIABLE, SECRET), "--admin=0.0.0.0:0");
        assertTrue(admin.address().getPort() > 0);
    }

    @Test
    void badTokensAreNotShown() {
        assertFails(
                ExitCode.USAGE,
                "cannot use RELAY_ADMIN_TOKEN: a token of 6 characters cannot be used",
                Map.of(AdminArguments.TOKEN_VARIABLE, "secret"),
                "--admin=127.0.0.1:0");
        assertFails(
                ExitCode.USAGE,
                "cannot use --admin-token-file: /no/such/file: no such file",
                Map.of(AdminArguments.TOKEN_VARIABLE, SECRET),
                "--admin=127.0.0.1:0",
                "--admin-token-file=/no/such/file");
        assertFails(
                ExitCode.USAGE,
                "RELAY_ADMIN_TOKEN and RELAY_ADMIN_TOKEN_FILE are both set; use one of them",
                Map.of(AdminArguments.TOKEN_VARIABLE, SECRET, "RELAY_ADMIN_TOKEN_FILE", "/no/such/file"),
                "--admin=127.0.0.1:0");
        assertFails(
                ExitCode.USAGE,
                "--admin-token-file needs --admin=<address>:<port> or --admin=unix:<path>",
                Map.of(),
                "--admin-token-file=/no/such/file");
    }

    @Test
    void portInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertFails(
                    ExitCode.PORT_UNAVAILABLE,
                    "cannot bind port " + taken.getLocalPort() + ": it is in use",
                    Map.of(),
                    "--admin=127.0.0.1:" + taken.getLocalPort());
        }
    }

    @Test
    void addressOfAnotherMachine() {
        assertFails(
                ExitCode.USAGE,
                "--admin is '192.0.2.1:7001', it must be an address of this machine, and a port",
                Map.of(AdminArguments.TOKEN_VARIABLE, SECRET),
                "--admin=192.0.2.1:7001");
    }

    @Test
    void socket(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("a");
        String option = "--admin=unix:" + path;
        open(Map.of(), option);
        if (Files.getFileStore(folder).supportsFileAttributeView("posix")) assertMode("rw-------", path);
        assertFails(
                ExitCode.PORT_UNAVAILABLE,
                "cannot listen on unix:" + path + ": it is in use; choose",
                Map.of(),
                option);
        shutdown.closeAll();
        assertTrue(Files.notExists(path));
        assertFails(ExitCode.USAGE, "--admin is 'unix:', it must be unix:<path>", Map.of(), "--admin=unix:");
        assertFails(
                ExitCode.USAGE,
                ": the path of a socket has at most 107 bytes",
                Map.of(),
                "--admin=unix:/" + "a".repeat(200));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX permissions")
    void modeAndOwnerOfTheSocket(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("a");
        String option = "--admin=unix:" + path;
        String owner = "--admin-socket-owner=" + Files.getOwner(folder).getName();
        open(Map.of(), option, "--admin-socket-mode=660", owner);
        assertMode("rw-rw----", path);
        shutdown.closeAll();
        open(Map.of(), option, owner);
        assertMode("rw-------", path);
        shutdown.closeAll();
        assertFails(
                ExitCode.USAGE,
                "--admin-socket-mode is '9', it must be three octal digits, such as 660",
                Map.of(),
                option,
                "--admin-socket-mode=9");
        assertFails(
                ExitCode.PORT_UNAVAILABLE,
                "there is no user or group no-such-user",
                Map.of(),
                option,
                "--admin-socket-owner=no-such-user");
        assertTrue(Files.notExists(path));
        String needed = " has no effect without a Unix-domain socket; set --admin=unix:<path>";
        assertFails(ExitCode.USAGE, "--admin-socket-mode" + needed, Map.of(), "--admin-socket-mode=660");
        assertFails(
                ExitCode.USAGE,
                "--admin-socket-owner" + needed,
                Map.of(),
                "--admin-socket-owner=a",
                "--admin=127.0.0.1:0");
    }

    private static void assertMode(String mode, Path path) throws IOException {
        assertEquals(mode, PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
    }

    private void assertFails(ExitCode code, String part, Map<String, String> environment, String... options) {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> open(environment, options));
        assertTrue(failure.getMessage().contains(part), failure.getMessage());
        assertTrue(!failure.getMessage().contains(SECRET), failure.getMessage());
        assertEquals(code, failure.code());
    }

    private AdminServer open(Map<String, String> environment, String... options) {
        List<String> line = new ArrayList<>(List.of(options));
        line.add("7000");
        return new AdminArguments(Arguments.of(line, environment)).open(shutdown);
    }
}
