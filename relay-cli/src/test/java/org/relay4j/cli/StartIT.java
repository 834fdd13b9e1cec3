package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server and a forwarder load until they are ready, which is most of the time of their start. */
class StartIT {
    /** Libraries that take long to load, and that a command needs only later, or only when it is wrong. */
    private static final List<String> LATE = List.of(
            "picocli.",
            "jdk.jfr.",
            "org.tomlj.",
            "io.prometheus.",
            "ch.qos.logback.classic.util.ContextInitializer",
            "java.lang.management.",
            "java.security.SecureRandom",
            "java.time.zone.TzdbZoneRulesProvider");

    @TempDir
    Path folder;

    @Test
    void nothingThatIsNeededLaterIsLoaded() throws Exception {
        Path ofServer = folder.resolve("server");
        Path ofForwarder = folder.resolve("forwarder");
        try (ChildProcess server = start(ofServer, "--bind=127.0.0.1", "0")) {
            int controlPort = RelayPair.controlPort(server.line());
            try (ChildProcess forwarder =
                    start(ofForwarder, "--localForwardPort=9", "localhost", String.valueOf(controlPort))) {
                RelayPair.publicPort(forwarder.line(), 9);
                assertEquals(List.of(), late(ofServer));
                assertEquals(List.of(), late(ofForwarder));
            }
        }
    }

    /** Starts relay.jar; the JVM writes the names of the classes that it loads to a file. */
    private static ChildProcess start(Path classes, String... arguments) {
        ProcessBuilder builder = ChildProcess.relayBuilder(Map.of(), arguments);
        builder.command().add(1, "-Xlog:class+load:file=" + classes + "::filecount=0");
        return ChildProcess.start(builder);
    }

    private static List<String> late(Path classes) throws IOException {
        String loaded = Files.readString(classes);
        assertTrue(loaded.contains(" " + Cli.class.getName() + " "), loaded);
        return loaded.lines()
                .map(line -> line.substring(line.lastIndexOf(']') + 1).strip())
                .filter(name -> LATE.stream().anyMatch(name::startsWith))
                .toList();
    }
}
