package org.relay4j.examples.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.FixedPort;

/** Two applications behind one port, as examples/two-applications/run starts them: curl and a browser reach each by its name. */
@Tag("peers")
@Timeout(180)
class TwoApplicationsIT {
    private static final List<String> NAMES = List.of("one", "two");

    @TempDir
    private Path profile;

    @Test
    void curlAndBrowserReachEachByItsName() throws Exception {
        String script = Path.of(System.getProperty("relay.root"), "examples/two-applications/run")
                .toString();
        int port = FixedPort.free();
        ProcessBuilder builder = new ProcessBuilder("bash", script, String.valueOf(port));
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        builder.environment().put("RELAY", java + " -jar " + System.getProperty("relay.jar"));
        Process example = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(example.getInputStream(), StandardCharsets.UTF_8))) {
            for (String name : NAMES) {
                String line = lines.readLine();
                assertTrue(line != null && line.startsWith("try: curl "), line);
                assertEquals("Hello from " + name, run("bash", "-c", line.substring("try: ".length())));
            }
            for (String name : NAMES) assertTrue(browse(name, port).contains("Hello from " + name));
        } finally {
            example.toHandle().destroy(); // it ends the processes that it has started
            assertTrue(example.waitFor(60, TimeUnit.SECONDS), "the example has not ended");
        }
        assertEquals(0, example.exitValue());
    }

    /** Returns the page in a headless browser. curl has verified the certificates. */
    private String browse(String name, int port) throws Exception {
        return run(
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-proxy-server",
                "--ignore-certificate-errors",
                "--user-data-dir=" + profile.resolve(name),
                "--host-resolver-rules=MAP *.example.test 127.0.0.1:" + port,
                "--dump-dom",
                "https://" + name + ".example.test/");
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> List.of(command) + ": " + output);
        return output;
    }
}
