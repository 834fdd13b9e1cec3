package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.TunnelListener;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.yamux.io.SocketFile;

/** Each option reaches the library. */
class OptionsTest {
    @Test
    void serverOptionsReachTheLibrary() throws Exception {
        RelayServerOptions options = server("--bind=127.0.0.1 --public-bind=127.0.0.2 --public-ports=20000-20009"
                + " --max-tunnels=1 --max-tunnels-per-address=2 --max-visitors=3 --max-visitors-per-tunnel=4"
                + " --max-udp-visitors=6 --udp-visitors-per-second=7 --udp-idle-timeout=8s"
                + " --handshake-timeout=700ms --idle-timeout=5m --window=1m --max-window=8m 7000");
        assertEquals(new InetSocketAddress(InetAddress.getLoopbackAddress(), 7000), options.controlAddress());
        assertEquals(InetAddress.getByName("127.0.0.2"), options.publicBindAddress());
        assertEquals(20_000, options.lowestPublicPort());
        assertEquals(20_009, options.highestPublicPort());
        assertEquals(1, options.maxTunnels());
        assertEquals(2, options.maxTunnelsPerAddress());
        assertEquals(3, options.maxVisitors());
        assertEquals(4, options.maxVisitorsPerTunnel());
        assertEquals(6, options.maxUdpVisitors());
        assertEquals(7, options.udpVisitorsPerSecond());
        assertEquals(Duration.ofSeconds(8), options.udpIdleTimeout());
        assertEquals(Duration.ofMillis(700), options.handshakeTimeout());
        assertEquals(Duration.ofMinutes(5), options.idleTimeout());
        assertEquals(1 << 20, options.session().receiveWindow());
        assertEquals(8 << 20, options.session().maxReceiveWindow());
    }

    @Test
    void portsForHostNamesReachTheLibrary() {
        RelayServerOptions none = server("7000");
        assertNull(none.httpsPort());
        assertNull(none.httpPort());
        assertFalse(none.redirectHttps());
        assertTrue(none.answerUnknownNames());
        RelayServerOptions both = server("--https-port=443 --http-port=0 --redirect-https --close-unknown-names 7000");
        for (String one : List.of("--https-port=443", "--http-port=80")) {
            String line = "--redirect-https " + one + " 7000";
            CommandFailure failure = assertThrows(CommandFailure.class, () -> server(line));
            assertEquals("--redirect-https needs --http-port and --https-port; set both", failure.getMessage());
        }
        assertEquals(443, both.httpsPort());
        assertEquals(0, both.httpPort());
        assertTrue(both.redirectHttps());
        assertFalse(both.answerUnknownNames());
    }

    @Test
    void domainReachesTheLibrary() {
        assertNull(server("7000").domain());
        RelayServerOptions http = server("--http-port=0 --domain=Relay.example.com 7000");
        assertEquals("relay.example.com", http.domain());
        assertNull(http.domainTls());
        rejectedServer(
                "--domain needs --https-port or --http-port, where visitors reach it", "--domain=example.com 7000");
        rejectedServer(
                "there is no certificate for *.example.com; set --domain-cert and --domain-key, or add the name to the"
                        + " certificate of --tls-cert",
                "--https-port=0 --domain=example.com 7000");
        rejectedServer(
                "--domain-cert and --domain-key need each other and --domain; set all three",
                "--https-port=0 --domain-cert=cert.pem --domain-key=key.pem 7000");
    }

    private static void rejectedServer(String message, String line) {
        CommandFailure failure = assertThrows(CommandFailure.class, () -> server(line));
        assertEquals(message, failure.getMessage());
    }

    @Test
    void forwarderOptionsReachTheLibrary() {
        RelayClientOptions options =
                forwarder("--connect-timeout=3s --handshake-timeout=4s --no-reconnect --retry-first --window=512k"
                        + " --max-window=0 --localForwardPort=1 a 2");
        assertEquals(Duration.ofSeconds(3), options.connectTimeout());
        assertEquals(Duration.ofSeconds(4), options.handshakeTimeout());
        assertFalse(options.reconnect());
        assertTrue(options.retryFirst());
        assertEquals(512 << 10, options.session().receiveWindow());
        assertEquals(0, options.session().maxReceiveWindow());
    }

    @Test
    void proxyReachesTheLibrary() {
        assertNull(forwarder("--localForwardPort=1 a 2").proxySelector());
        Map<String, String> texts = Map.of(
                "http://proxy.example.com:3128", "HTTP @ proxy.example.com", "socks5://[::1]:1080/", "SOCKS @ ::1");
        texts.forEach((url, text) -> {
            ProxySelector selector =
                    forwarder("--proxy=" + url + " --localForwardPort=1 a 2").proxySelector();
            String proxy = selector.select(URI.create("https://a:2/")).toString();
            assertTrue(proxy.startsWith("[" + text), proxy);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "proxy:3128",
                "http://proxy",
                "http://proxy:0",
                "http://proxy:65536",
                "http://:1",
                "https://proxy:1",
                "socks://proxy:1",
                "http://proxy:1/path",
                "http://::1:1",
                ""
            })
    void otherProxiesAreRefused(String url) {
        CommandFailure failure =
                assertThrows(CommandFailure.class, () -> forwarder("--proxy=" + url + " --localForwardPort=1 a 2"));
        assertTrue(failure.getMessage().startsWith("--proxy is '"), failure.getMessage());
        assertTrue(failure.getMessage().contains(", it must be "), failure.getMessage());
    }

    @Test
    void passwordOfAProxyIsNeverAnArgumentAndNeverShown() {
        String line = "--proxy=http://proxy:1 --localForwardPort=1 a 2";
        assertProxyFailure(
                "--proxy has an @, but the user name and the password belong in RELAY_PROXY_CREDENTIALS or"
                        + " --proxy-credentials-file=<file>",
                "--proxy=http://alice:secret@proxy:1 --localForwardPort=1 a 2",
                "");
        assertProxyFailure(
                "cannot use RELAY_PROXY_CREDENTIALS: there is no colon; it must be <user>:<password>", line, "secret");
        assertProxyFailure(
                "cannot use RELAY_PROXY_CREDENTIALS: proxyCredentials: the password has a control character, it must"
                        + " have none",
                line,
                "alice:secret\n");
        assertProxyFailure(
                "--proxy-credentials-file needs --proxy=http://<host>:<port>",
                "--proxy-credentials-file=x --localForwardPort=1 a 2",
                "");
        assertProxyFailure(
                "cannot use --proxy-credentials-file: no-such-file: no such file",
                "--proxy-credentials-file=no-such-file " + line,
                "");
    }

    private static void assertProxyFailure(String expected, String line, String variable) {
        Map<String, String> environment = Map.of(ProxyArguments.CREDENTIALS_VARIABLE, variable);
        Arguments arguments = Arguments.of(List.of(line.split(" ")), environment);
        ForwarderCommand command = new ForwarderCommand(arguments, output(), new Shutdown());
        CommandFailure failure = assertThrows(CommandFailure.class, () -> command.options(new TunnelListener() {}));
        assertEquals(expected, failure.getMessage());
        assertEquals(ExitCode.USAGE, failure.code());
    }

    @Test
    void defaultsAreTheLibrarysAndThoseOfTheHelpText() {
        RelayServerOptions server = server("7000");
        RelayServerOptions expected = RelayServerOptions.builder().build();
        assertNull(server.publicBindAddress());
        assertEquals(0, server.lowestPublicPort());
        assertTrue(Flag.MAX_TUNNELS.description().contains(" " + expected.maxTunnels() + "."));
        assertTrue(Flag.MAX_TUNNELS_PER_ADDRESS.description().contains(" " + expected.maxTunnelsPerAddress() + "."));
        assertTrue(Flag.MAX_VISITORS.description().contains(" " + expected.maxVisitors() + "."));
        assertTrue(Flag.MAX_VISITORS_PER_TUNNEL.description().contains(" " + expected.maxVisitorsPerTunnel() + "."));
        assertTrue(Flag.MAX_UDP_VISITORS.description().contains(" " + expected.maxUdpVisitors() + "."));
        assertTrue(Flag.UDP_VISITORS_PER_SECOND.description().endsWith(" " + expected.udpVisitorsPerSecond() + "."));
        assertTrue(Flag.UDP_IDLE_TIMEOUT
                .description()
                .endsWith(" " + expected.udpIdleTimeout().toSeconds() + "s."));
        assertTrue(Flag.WINDOW.description().contains(" " + (expected.session().receiveWindow() >> 10) + "k."));
        assertTrue(
                Flag.MAX_WINDOW.description().contains(" " + (expected.session().maxReceiveWindow() >> 20) + "m."));

        RelayClientOptions client = forwarder("--localForwardPort=1 a 2");
        assertTrue(client.reconnect());
        assertFalse(client.retryFirst());
        assertTrue(Flag.CONNECT_TIMEOUT
                .description()
                .endsWith("Default: " + client.connectTimeout().toSeconds() + "s."));
        assertTrue(Flag.HANDSHAKE_TIMEOUT
                .description()
                .endsWith("Default: " + expected.handshakeTimeout().toSeconds() + "s (server), "
                        + client.handshakeTimeout().toSeconds() + "s (forwarder)."));
    }

    @Test
    void gracePeriodIsThatOfTheHelpTextUnlessItIsSet() {
        long server = new ServerCommand(parse("7000"), output(), new Shutdown())
                .gracePeriod()
                .toSeconds();
        long forwarder = command("--localForwardPort=1 a 2").gracePeriod().toSeconds();
        assertTrue(Flag.GRACE_PERIOD
                .description()
                .endsWith("Default: " + server + "s (server), " + forwarder + "s (forwarder)."));
        assertEquals(
                Duration.ofMinutes(2),
                command("--grace-period=2m --localForwardPort=1 a 2").gracePeriod());
        CommandFailure failure = assertThrows(
                CommandFailure.class,
                () -> command("--grace-period=soon --localForwardPort=1 a 2").gracePeriod());
        assertEquals("--grace-period is 'soon', it must be a time such as 10s, 500ms or 2m", failure.getMessage());
    }

    @Test
    void valuesThatTheLibraryRefusesAreNamed() {
        assertEquals("--max-tunnels is '0', it must be 1 to 60000", serverRefusal("--max-tunnels=0 7000"));
        assertEquals("--max-visitors is '-5', it must be 1 to 1000000", serverRefusal("--max-visitors=-5 7000"));
        assertEquals("--handshake-timeout is '0', it must be 1 ms to 1 h", serverRefusal("--handshake-timeout=0 7000"));
        assertEquals(
                "--idle-timeout is '9000h', it must be zero (off) to one year",
                serverRefusal("--idle-timeout=9000h 7000"));
        assertEquals("--window is '1k', it must be 262144 to 1073741824", serverRefusal("--window=1k 7000"));
        assertEquals("--max-window is '1025m', it must be 0 to 1073741824", serverRefusal("--max-window=1025m 7000"));
        CommandFailure failure =
                assertThrows(CommandFailure.class, () -> forwarder("--connect-timeout=2h --localForwardPort=1 a 2"));
        assertEquals("--connect-timeout is '2h', it must be 1 ms to 1 h", failure.getMessage());
    }

    @Test
    void localHostMayBecomeKnownLaterWithRetryFirst() {
        String unknown = "--localForwardPort=1 --local-host=no-such-host.invalid a:2";
        assertThrows(CommandFailure.class, () -> command(unknown).local());
        InetSocketAddress local = command("--retry-first " + unknown).local();
        assertTrue(local.isUnresolved());
        assertEquals("no-such-host.invalid", local.getHostString());
    }

    @Test
    void serverMayListenOnAUnixDomainSocket() {
        String line = "--bind=unix:/run/relay/control.sock --socket-mode=660 --socket-owner=relay:www-data";
        assertEquals(Path.of("/run/relay/control.sock"), server(line).controlSocket());
        SocketFile.Access access = SocketArguments.ofControl(parse(line)).access();
        assertEquals(new SocketFile.Access(PosixFilePermissions.fromString("rw-rw----"), "relay", "www-data"), access);
        access = SocketArguments.ofControl(parse("--bind=unix:a --socket-owner=:www-data"))
                .access();
        assertEquals(new SocketFile.Access(null, null, "www-data"), access);
        assertEquals(
                SocketFile.Access.USUAL,
                SocketArguments.ofControl(parse("--bind=unix:a")).access());
        assertEquals(
                "--bind is a Unix-domain socket, which has no port; remove <localport>",
                serverRefusal("--bind=unix:/run/a 7000"));
        assertEquals(
                "--bind is 'unix:', it must be unix:<path>, such as unix:/run/relay/control.sock",
                serverRefusal("--bind=unix:"));
        assertEquals(
                "--socket-mode is 'rw-rw----', it must be three octal digits, such as 660",
                serverRefusal("--bind=unix:a --socket-mode=rw-rw----"));
        assertEquals(
                "--socket-owner is ':', it must be <user>, <user>:<group> or :<group>",
                serverRefusal("--bind=unix:a --socket-owner=:"));
        assertEquals(
                "--socket-mode has no effect without a Unix-domain socket; set --bind=unix:<path>",
                serverRefusal("--socket-mode=660 7000"));
    }

    @Test
    void nodesReachTheLibrary() {
        String line = "--localForwardPort=1 --nodes=b.example.com:7000,[::1]:7001 a.example.com:7000";
        assertEquals(
                List.of(
                        InetSocketAddress.createUnresolved("b.example.com", 7000),
                        InetSocketAddress.createUnresolved("::1", 7001)),
                forwarder(line).nodes());
        for (String bad : List.of("b.example.com", "b:70000", "b:7000,", ":7000")) {
            String message = assertThrows(
                            CommandFailure.class, () -> forwarder("--localForwardPort=1 --nodes=" + bad + " a:7000"))
                    .getMessage();
            assertTrue(message.startsWith("--nodes is '"), message);
        }
    }

    private static String serverRefusal(String line) {
        return assertThrows(CommandFailure.class, () -> server(line)).getMessage();
    }

    private static RelayServerOptions server(String line) {
        return new ServerCommand(parse(line), output(), new Shutdown()).options(null);
    }

    private static RelayClientOptions forwarder(String line) {
        return command(line).options(new TunnelListener() {});
    }

    private static ForwarderCommand command(String line) {
        return new ForwarderCommand(parse(line), output(), new Shutdown());
    }

    private static Arguments parse(String line) {
        return Arguments.of(List.of(line.split(" ")), Map.of());
    }

    private static Output output() {
        return new Output(new PrintStream(new ByteArrayOutputStream()), System.err, false);
    }
}
