package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.json.JsonReader;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.testing.Await;

/**
 * A headless Chromium, driven through chromedriver by the W3C WebDriver protocol and, for what that lacks, by Chromium's
 * DevTools commands. Debian's packages are chromium and chromium-driver.
 */
final class Browser implements AutoCloseable {
    private static final Pattern STARTED = Pattern.compile("started successfully on port (\\d+)");
    private static final String ENTER = "\ue007";

    private final Process driver;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .proxy(HttpClient.Builder.NO_PROXY)
            .build();
    private final String base;
    private final String session;

    /** @param profile an empty folder */
    Browser(Path profile) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("chromedriver", "--port=0").redirectErrorStream(true);
        driver = builder.start();
        BufferedReader out = new BufferedReader(new InputStreamReader(driver.getInputStream(), StandardCharsets.UTF_8));
        String port = null;
        for (String line; port == null && (line = out.readLine()) != null; ) {
            Matcher started = STARTED.matcher(line);
            if (started.find()) port = started.group(1);
        }
        base = "http://127.0.0.1:" + Objects.requireNonNull(port, "chromedriver has not started");
        String arguments = "\"--headless\",\"--no-sandbox\",\"--disable-gpu\",\"--disable-quic\",\"--no-first-run\","
                + "\"--disable-background-networking\",\"--disable-component-update\",\"--disable-sync\","
                + "\"--disable-dev-shm-usage\",\"--no-proxy-server\",\"--user-data-dir=" + profile + "\"";
        boolean ready = false;
        try {
            Object made = send(
                    "POST",
                    "/session",
                    "{\"capabilities\":{\"alwaysMatch\":{\"browserName\":\"chrome\",\"goog:loggingPrefs\":{\"browser\":\"ALL\"},"
                            + "\"goog:chromeOptions\":{\"args\":[" + arguments + "]}}}}");
            session = "/session/" + ((Map<?, ?>) Objects.requireNonNull(made)).get("sessionId");
            ready = true;
        } finally {
            if (!ready) driver.destroyForcibly();
        }
    }

    void open(String url) {
        command("/url", "{\"url\":" + JsonLine.quoted(url) + "}");
    }

    /** Runs the body of a function; returns its result. */
    @Nullable
    Object run(String script) {
        return command("/execute/sync", "{\"script\":" + JsonLine.quoted(script) + ",\"args\":[]}");
    }

    /** Returns what a script of one expression returns. */
    String text(String expression) {
        return String.valueOf(run("return String(" + expression + ")"));
    }

    /** Waits until an expression is true. */
    void await(String expression) {
        Await.until(
                () -> expression + " in: " + text("document.body.innerText"),
                () -> Boolean.TRUE.equals(run("return !!(" + expression + ")")));
    }

    /** Waits until the visible text of the page has a part. */
    void awaitText(String part) {
        await("document.body.innerText.includes(" + JsonLine.quoted(part) + ")");
    }

    /** Presses keys, as a user does; the element with the focus gets them. */
    void type(String keys) {
        StringBuilder actions = new StringBuilder();
        for (int i = 0; i < keys.length(); i++) {
            char key = keys.charAt(i);
            for (String kind : List.of("keyDown", "keyUp")) {
                if (actions.length() > 0) actions.append(',');
                actions.append("{\"type\":\"")
                        .append(kind)
                        .append("\",\"value\":")
                        .append(JsonLine.quoted(String.valueOf(key)))
                        .append('}');
            }
        }
        command("/actions", "{\"actions\":[{\"type\":\"key\",\"id\":\"keys\",\"actions\":[" + actions + "]}]}");
    }

    void enter() {
        type(ENTER);
    }

    /** Clicks the middle of an element, as a user does. */
    void click(String selector) {
        Object found = command("/element", "{\"using\":\"css selector\",\"value\":" + JsonLine.quoted(selector) + "}");
        Object id =
                ((Map<?, ?>) Objects.requireNonNull(found)).values().iterator().next();
        command("/element/" + id + "/click", "{}");
    }

    /** Sets the size of the page, as that of a phone if it is narrow. */
    void size(int width, int height) {
        devtools(
                "Emulation.setDeviceMetricsOverride",
                "{\"width\":" + width + ",\"height\":" + height + ",\"deviceScaleFactor\":" + (width < 600 ? 2 : 1)
                        + ",\"mobile\":" + (width < 600) + "}");
    }

    void colours(String scheme) {
        devtools(
                "Emulation.setEmulatedMedia",
                "{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":" + JsonLine.quoted(scheme) + "}]}");
    }

    /** Writes a picture of the whole page. */
    void screenshot(Path file) throws IOException {
        Object picture = devtools("Page.captureScreenshot", "{\"captureBeyondViewport\":true}");
        Object data = ((Map<?, ?>) Objects.requireNonNull(picture)).get("data");
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.write(file, Base64.getDecoder().decode(String.valueOf(data)));
    }

    /** Returns the messages of the console since the last call. */
    List<String> console() {
        Object entries = command("/se/log", "{\"type\":\"browser\"}");
        return ((List<?>) Objects.requireNonNull(entries))
                .stream()
                        .map(entry -> String.valueOf(((Map<?, ?>) Objects.requireNonNull(entry)).get("message")))
                        .toList();
    }

    private @Nullable Object devtools(String name, String parameters) {
        return command("/goog/cdp/execute", "{\"cmd\":" + JsonLine.quoted(name) + ",\"params\":" + parameters + "}");
    }

    private @Nullable Object command(String path, String body) {
        return send("POST", session + path, body);
    }

    private @Nullable Object send(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(Duration.ofSeconds(60))
                .header("Content-Type", "application/json; charset=utf-8")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            assertTrue(response.statusCode() == 200, () -> path + " " + body + ": " + response.body());
            return ((Map<?, ?>) Objects.requireNonNull(JsonReader.read(response.body()))).get("value");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            send("DELETE", session, "");
        } finally {
            driver.descendants().forEach(ProcessHandle::destroyForcibly);
            driver.destroyForcibly();
        }
    }
}
