package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayForwarder;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;

/**
 * The status page in a headless Chromium, from a real admin address with the data of this test. Pictures of it are written to
 * target/status-page.
 */
@Tag("peers")
class StatusPageIT {
    private static final Path PICTURES = Path.of("target/status-page");
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";
    private static final String TAB = "\ue004";
    private static final String ESCAPE = "\ue00c";
    private static final String HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\u202e\"'&amp;";

    @TempDir
    private static Path profile;

    private static Browser browser;

    private final Data data = new Data();
    private final AtomicInteger drains = new AtomicInteger();
    private AdminServer admin;
    private String expected = ""; // part of messages of the console that this test causes

    @BeforeAll
    static void startBrowser() throws IOException {
        browser = new Browser(profile);
    }

    @AfterAll
    static void endBrowser() {
        browser.close();
    }

    @BeforeEach
    void desktop() {
        browser.size(1280, 900);
        browser.colours("light");
    }

    @AfterEach
    void consoleIsEmpty() {
        browser.open("about:blank");
        admin.close();
        List<String> unexpected = browser.console().stream()
                .filter(message -> expected.isEmpty() || !message.contains(expected))
                .toList();
        assertEquals(List.of(), unexpected);
    }

    /** A relay server as the page sees it. Each answer is two seconds after the last one. */
    private static final class Data implements AdminSource {
        private final Instant since = Instant.parse("2026-11-28T12:00:00Z");
        private Instant time = since.plusSeconds(93_784);
        private volatile List<JsonLine> tunnels = List.of();
        private volatile List<JsonLine> clients = List.of();
        private volatile JsonLine refusals = new JsonLine().with("tls", 0);
        private volatile boolean lively;
        private int answers;

        @Override
        public boolean isAlive() {
            return true;
        }

        @Override
        public void collect(Families families) {
            // The page does not ask for metrics.
        }

        @Override
        public synchronized String tunnels(boolean draining) {
            time = time.plusSeconds(2);
            answers++;
            double wave = lively ? 1.5 + Math.sin(answers / 9.0) + 0.3 * Math.sin(answers / 2.0) : 1;
            List<JsonLine> current = lively ? StatusPageIT.tunnels(answers, wave) : tunnels;
            JsonLine totals = new JsonLine()
                    .with("tunnels", 57)
                    .with("openTunnels", lively ? current.size() - 1 : current.size())
                    .with("heldTunnels", current.isEmpty() ? 0 : 1)
                    .with("closingTunnels", lively ? 1 : 0)
                    .with("connections", current.isEmpty() ? 0 : current.size() + 1)
                    .with("pendingClients", 0)
                    .with("visitors", 18_204L + answers * 7L)
                    .with("openVisitors", current.isEmpty() ? 0 : (long) (214 * wave))
                    .with("bytesIn", answers * 1_500_000L)
                    .with("bytesOut", answers * 9_400_000L)
                    .with("droppedEvents", 0);
            return new JsonLine()
                    .with("role", "server")
                    .with("version", "0.1.0")
                    .with("state", draining ? "draining" : "serving")
                    .with("time", time.toString())
                    .with("since", since.toString())
                    .with("address", "0.0.0.0:7000")
                    .with("totals", totals)
                    .with("limits", new JsonLine().with("tunnels", 1000).with("visitors", 50_000))
                    .with("refusals", lively ? refusals(answers) : refusals)
                    .with("clients", lively ? clients(answers) : clients)
                    .with("tunnels", current)
                    .with("truncated", false)
                    .toString();
        }
    }

    private static JsonLine tunnel(long number, @Nullable String name, String state, String client) {
        return new JsonLine()
                .with("number", number)
                .with("id", "9f86d081884c7d659a2feaa0c55ad015")
                .with("name", name)
                .with("state", state)
                .with("endpoints", List.of(new JsonLine().with("kind", "tcp").with("port", 20_000 + number)))
                .with("client", client)
                .with("since", "2026-11-28T12:00:10Z");
    }

    private static JsonLine traffic(JsonLine tunnel, long connections, long visitors, long in, long out) {
        return tunnel.with("connections", connections)
                .with("openVisitors", visitors)
                .with("visitors", visitors * 31)
                .with("bytesIn", in)
                .with("bytesOut", out);
    }

    private static List<JsonLine> tunnels(int answers, double wave) {
        List<JsonLine> list = new ArrayList<>();
        list.add(traffic(
                tunnel(1, "web", "served", "203.0.113.5:50123"),
                2,
                (long) (120 * wave),
                answers * 900_000L,
                answers * 6_100_000L));
        list.add(traffic(
                tunnel(2, "build-cache", "served", "198.51.100.27:41822"),
                1,
                (long) (60 * wave),
                answers * 410_000L,
                answers * 2_900_000L));
        list.add(traffic(tunnel(3, "postgres.staging", "held", "198.51.100.27:41830"), 0, 3, 1_204_113, 88_204_113));
        list.add(traffic(
                tunnel(9, "web", "served", "203.0.113.77:50900"), 1, 20, answers * 96_000L, answers * 310_000L));
        list.add(traffic(
                tunnel(12, null, "served", "[2001:db8:85a3::8a2e:370:7334]:60001"),
                1,
                (long) (11 * wave),
                answers * 90_000L,
                answers * 90_000L));
        list.add(traffic(tunnel(40, null, "closing", "192.0.2.9:1029"), 1, 0, 0, 512));
        return list;
    }

    private static JsonLine client(String name, int openTunnels, long bytes) {
        return new JsonLine()
                .with("name", name)
                .with("tunnels", openTunnels + 3)
                .with("openTunnels", openTunnels)
                .with("visitors", 40)
                .with("openVisitors", 4)
                .with("bytesIn", bytes / 4)
                .with("bytesOut", bytes - bytes / 4);
    }

    private static List<JsonLine> clients(int answers) {
        return List.of(
                client("build-cache", 1, answers * 3_310_000L),
                client("postgres.staging", 1, 89_408_226),
                client("web", 2, answers * 7_406_000L),
                client("yesterday", 0, 1_000));
    }

    private static JsonLine refusals(int answers) {
        return new JsonLine()
                .with("identity", 412 + answers)
                .with("tls", 180 + answers / 3)
                .with("visitor_rate", 77)
                .with("tunnels_of_address", 12)
                .with("port_unavailable", 2)
                .with("idle", 0);
    }

    private void serve(boolean withToken) throws IOException {
        serve(data, withToken, 0);
    }

    private void serve(boolean withToken, int port) throws IOException {
        serve(data, withToken, port);
    }

    private void serve(AdminSource source, boolean withToken, int port) throws IOException {
        admin = AdminServer.open(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                withToken ? AdminToken.of(TOKEN) : null,
                new AdminProcess() {
                    @Override
                    public boolean isDraining() {
                        return drains.get() > 0;
                    }

                    @Override
                    public void drain() {
                        drains.incrementAndGet();
                    }
                });
        admin.serve(source);
    }

    private void open() {
        browser.open("http://127.0.0.1:" + admin.address().getPort() + "/");
    }

    /** Lets the page ask many times in a moment. */
    private static void fastForward(int answers) {
        browser.run("window.go = setInterval(() => document.dispatchEvent(new Event('visibilitychange')), 15)");
        browser.await("document.querySelector('.line0').getAttribute('d').split('L').length >= " + answers);
        browser.run("clearInterval(window.go)");
    }

    private static String shown(String id) {
        return browser.text("document.getElementById('" + id + "').textContent");
    }

    private static String focus() {
        return browser.text("document.activeElement.id");
    }

    private static void assertFits(String state) {
        assertEquals("360", browser.text("document.documentElement.scrollWidth"), state);
        String wide =
                "[...document.querySelectorAll('section')].filter(each => each.scrollWidth > each.clientWidth).length";
        assertEquals("0", browser.text(wide), state);
    }

    @Test
    void showsWhatHappensNow() throws IOException {
        data.lively = true;
        serve(false);
        open();
        browser.awaitText("build-cache");
        String before = shown("visitors-note");
        browser.await("document.getElementById('visitors-note').textContent !== " + JsonLine.quoted(before));
        assertEquals("Relay server 0.0.0.0:7000", browser.text("document.title"));
        assertEquals("serving", shown("state"));
        assertEquals("5", shown("tunnels"));
        browser.awaitText("Closing, with visitors that may finish");
        assertEquals("6", browser.text("document.querySelectorAll('#tunnel-rows tr').length"));
        assertEquals("4", browser.text("document.querySelectorAll('#name-rows tr').length"));
        browser.awaitText("Name not proved");
        browser.awaitText("without a name");
        fastForward(91);
        browser.screenshot(PICTURES.resolve("light.png"));
        String light = browser.text("getComputedStyle(document.body).backgroundColor");
        browser.colours("dark");
        assertNotEquals(light, browser.text("getComputedStyle(document.body).backgroundColor"));
        browser.screenshot(PICTURES.resolve("dark.png"));
        browser.size(360, 740);
        assertFits("dark");
        browser.screenshot(PICTURES.resolve("phone-dark.png"));
        browser.colours("light");
        browser.screenshot(PICTURES.resolve("phone.png"));
        assertEquals("0", browser.text("document.querySelectorAll('[style]').length"), "inline styles");
    }

    @Test
    void emptyStateAndTheFirstTunnel() throws IOException {
        serve(false);
        open();
        browser.awaitText("No tunnels yet");
        browser.awaitText("relay --localForwardPort=6379 127.0.0.1:7000");
        browser.awaitText("Nobody was refused since the start.");
        browser.screenshot(PICTURES.resolve("empty.png"));
        data.tunnels = List.of(traffic(tunnel(1, "web", "served", "203.0.113.5:50123"), 1, 3, 1, 2));
        browser.awaitText("tcp/20001");
        assertEquals("false", browser.text("document.body.innerText.includes('No tunnels yet')"));
        data.tunnels = List.of();
        browser.awaitText("No tunnels yet");
    }

    @Test
    void hostileTextsStayTexts() throws IOException {
        String longest = "w".repeat(64);
        data.tunnels = List.of(
                traffic(tunnel(1, HOSTILE, "served", HOSTILE), 1, 3, 1, 2),
                traffic(tunnel(2, longest, HOSTILE, "x".repeat(64)), 1, 3, 1, 2),
                traffic(tunnel(3, "__proto__", "constructor", "::1"), 1, 3, 1, 2));
        data.clients = List.of(client(HOSTILE, 1, 3), client(longest, 1, 2), client("__proto__", 1, 1));
        data.refusals = new JsonLine().with(HOSTILE, 5).with("constructor", 4);
        serve(false);
        open();
        browser.awaitText(longest);
        assertEquals(HOSTILE, browser.text("document.querySelector('#tunnel-rows th bdi').textContent"));
        assertEquals(HOSTILE, browser.text("document.querySelector('#reasons span').textContent"));
        assertEquals("1", browser.text("document.scripts.length"));
        assertEquals("0", browser.text("document.images.length"));
        assertEquals("3", browser.text("document.querySelectorAll('#name-rows tr').length"));
        browser.size(360, 740);
        assertFits("hostile");
        browser.screenshot(PICTURES.resolve("phone-hostile.png"));
    }

    /** The list of tunnels is cut at 1,000, so that it does not have all of a name. */
    @Test
    void namesAreCountedWithTheTunnelsThatAreNotShown() throws IOException {
        data.tunnels = List.of(
                traffic(tunnel(1, "web", "served", "203.0.113.5:1"), 1, 3, 1, 2),
                traffic(tunnel(2, "web", "served", "203.0.113.5:2"), 1, 3, 1, 2));
        data.clients = List.of(client("db", 1, 2 << 20), client("web", 1, 4 << 20));
        serve(false);
        open();
        browser.awaitText("4.0 MiB");
        String cells = "[...document.querySelectorAll('#name-rows tr')].map(row => row.innerText).join(' | ')";
        assertEquals("web\t1\t4\t4.0 MiB | db\t1\t4\t2.0 MiB", browser.text(cells));
    }

    @Test
    void tokenAndDrainByKeyboard() throws IOException {
        data.lively = true;
        serve(true);
        expected = "401";
        open();
        browser.awaitText("Admin token");
        assertEquals("login-token", focus());
        browser.screenshot(PICTURES.resolve("token.png"));
        browser.type("wrong-but-long-enough");
        browser.enter();
        browser.awaitText("This token is not accepted.");
        assertEquals("false", browser.text("document.body.innerText.includes('build-cache')"));
        browser.type(TOKEN);
        browser.enter();
        browser.awaitText("build-cache");
        open(); // the tab keeps the token
        browser.awaitText("build-cache");
        assertEquals("0", browser.text("localStorage.length + document.cookie.length"));
        assertEquals(
                "true",
                browser.text("[...document.querySelectorAll('input')].every(field => field.labels.length > 0)"));
        browser.type(TAB + TAB); // behind the link to the content
        assertEquals("drain", focus());
        browser.enter();
        browser.awaitText("Drain and end this process?");
        assertEquals("drain-cancel", focus());
        browser.screenshot(PICTURES.resolve("drain.png"));
        browser.type(ESCAPE);
        browser.await("!document.getElementById('drain-dialog').open");
        assertEquals("drain", focus());
        browser.enter();
        browser.type(TAB);
        assertEquals("drain-confirm", focus());
        assertEquals(0, drains.get());
        browser.enter();
        browser.await("document.getElementById('state').textContent === 'draining'");
        assertEquals(1, drains.get());
        browser.await("document.getElementById('drain').hidden");
    }

    @Test
    void drainWithoutATokenIsRefused() throws IOException {
        serve(false);
        expected = "403";
        open();
        browser.awaitText("No tunnels yet");
        browser.click("#drain");
        browser.type(TOKEN);
        browser.enter();
        browser.awaitText("Not drained: ");
        browser.screenshot(PICTURES.resolve("drain-refused.png"));
        assertEquals(0, drains.get());
    }

    @Test
    void lostConnection() throws IOException {
        data.lively = true;
        serve(false);
        int port = admin.address().getPort();
        expected = "ERR_";
        open();
        browser.awaitText("build-cache");
        admin.close();
        browser.awaitText("Connection lost");
        assertEquals("no connection", shown("state"));
        browser.awaitText("build-cache"); // the last data stay
        browser.screenshot(PICTURES.resolve("lost.png"));
        serve(false, port);
        browser.await("document.getElementById('banner').hidden");
        assertEquals("serving", shown("state"));
    }

    @Test
    void tunnelsAreSortedAndFiltered() throws IOException {
        data.tunnels = List.of(
                traffic(tunnel(1, "b", "served", "203.0.113.5:1"), 1, 3, 0, 9_000),
                traffic(tunnel(2, "a", "served", "203.0.113.5:2"), 1, 9, 0, 1_000),
                traffic(tunnel(3, "c", "held", "203.0.113.5:3"), 1, 1, 0, 5_000));
        serve(false);
        open();
        browser.awaitText("tcp/20003");
        String names = "[...document.querySelectorAll('#tunnel-rows th bdi')].map(each => each.textContent).join()";
        assertEquals("b,a,c", browser.text(names));
        browser.click("#tunnel-head th:nth-child(1) button");
        assertEquals("a,b,c", browser.text(names));
        browser.enter(); // the button has the focus
        assertEquals("c,b,a", browser.text(names));
        assertEquals("descending", browser.text("document.querySelector('#tunnel-head th').ariaSort"));
        browser.click("#tunnel-head th:nth-child(5) button");
        assertEquals("a,b,c", browser.text(names), "most visitors first");
        browser.click("#filter");
        browser.type("held");
        assertEquals("c", browser.text(names));
        browser.awaitText("1 tunnel matches the filter.");
    }

    @Test
    void realServerAndForwarder() throws Exception {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket service = new ServerSocket(0, 50, loopback);
                RelayServer server = RelayServer.start(RelayServerOptions.builder()
                        .bindAddress(loopback)
                        .publicBindAddress(loopback)
                        .build());
                RelayForwarder forwarder = RelayClient.forward(
                        "127.0.0.1", server.port(), new InetSocketAddress(loopback, service.getLocalPort()))) {
            InetSocketAddress local = new InetSocketAddress(loopback, service.getLocalPort());
            int port = forwarder.publicAddress().getPort();
            serve(new ServerSource(server), false, 0);
            open();
            browser.awaitText("tcp/" + port);
            assertEquals("0", shown("visitors"));
            try (Socket visitor = new Socket(loopback, port)) {
                visitor.getOutputStream().write(new byte[2048]);
                browser.await("document.getElementById('visitors').textContent === '1'");
                browser.awaitText("2.0 KiB");
            }
            browser.open("about:blank");
            admin.close();
            serve(new ForwarderSource(forwarder, null, local), false, 0);
            open();
            browser.awaitText("Relay forwarder");
            browser.awaitText("127.0.0.1:" + port);
            browser.screenshot(PICTURES.resolve("forwarder.png"));
        }
    }
}
