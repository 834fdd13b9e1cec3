package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.Visitor;

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

    /** The flight recorder takes longer to load than all the rest, and is seldom used. */
    @Test
    void endOfVisitorAndTunnelLoadsNoFlightRecorderThatNobodyUses() throws Exception {
        Path ofServer = folder.resolve("server");
        Path ofForwarder = folder.resolve("forwarder");
        try (FakeServer service = FakeServer.echoing();
                ChildProcess server = start(ofServer, "--bind=127.0.0.1", "0")) {
            int controlPort = RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = start(
                    ofForwarder, "--localForwardPort=" + service.port(), "localhost", String.valueOf(controlPort))) {
                int port = RelayPair.publicPort(forwarder.line(), service.port());
                try (Socket visitor = Visitor.connect(port)) {
                    Visitor.send(visitor, "hello");
                    Visitor.expect(visitor, "hello");
                    visitor.shutdownOutput();
                    Visitor.expectEnd(visitor);
                }
                forwarder.terminate();
            }
            server.terminate();
        }
        for (Path classes : List.of(ofServer, ofForwarder)) {
            assertEquals(List.of("jdk.jfr.FlightRecorder"), loaded(classes, List.of("jdk.jfr.")), classes::toString);
        }
    }

    /** Starts relay.jar; the JVM writes the names of the classes that it loads to a file. */
    private static ChildProcess start(Path classes, String... arguments) {
        ProcessBuilder builder = ChildProcess.relayBuilder(Map.of(), arguments);
        builder.command().add(1, "-Xlog:class+load:file=" + classes + "::filecount=0");
        return ChildProcess.start(builder);
    }

    private static List<String> late(Path classes) throws IOException {
        return loaded(classes, LATE);
    }

    /** Returns the loaded classes whose names begin like this. */
    private static List<String> loaded(Path classes, List<String> beginnings) throws IOException {
        String loaded = Files.readString(classes);
        assertTrue(loaded.contains(" " + Cli.class.getName() + " "), loaded);
        return loaded.lines()
                .map(line -> line.substring(line.lastIndexOf(']') + 1).strip())
                .map(name -> name.replaceAll(" .*", ""))
                .filter(name -> beginnings.stream().anyMatch(name::startsWith))
                .toList();
    }
}
