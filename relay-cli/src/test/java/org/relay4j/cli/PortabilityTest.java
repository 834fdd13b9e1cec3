package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What keeps the repository usable on Windows and macOS, as far as it can be checked elsewhere. */
class PortabilityTest {
    private static final Path ROOT = Path.of(System.getProperty("relay.root"));

    // files of the kernel, signals, a shell, and a limit of open files, which Program sets with a shell
    private static final Pattern UNIX =
            Pattern.compile("\"/(proc|dev)/|\\.suspend\\(\\)|\\.signal\\(\"|\"sh\"|Program\\.start\\([^0]");

    @Test
    void testsThatNeedOneSystemHaveACondition() throws IOException {
        List<Path> tests = tests().stream()
                .filter(file -> !file.endsWith("PortabilityTest.java"))
                .filter(file -> UNIX.matcher(text(file)).find())
                .toList();
        assertTrue(tests.size() >= 5, tests::toString); // it finds some
        assertEquals(
                List.of(),
                tests.stream().filter(file -> !text(file).contains("OnOs(")).toList());
    }

    private static List<Path> tests() throws IOException {
        List<Path> tests = new ArrayList<>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                String name = String.valueOf(folder.getFileName());
                boolean skipped = name.startsWith(".") || name.equals("target") || name.equals("node_modules");
                return skipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().matches(".*(Test|IT)\\.java")) tests.add(file);
                return FileVisitResult.CONTINUE;
            }
        });
        return tests;
    }

    @Test
    void bothLaunchersStartTheSameJvm() {
        assertEquals(options("relay"), options("relay.cmd"));
    }

    /** The options in the last command of a launcher, before its arguments. */
    private static String options(String launcher) {
        Matcher command = Pattern.compile("(?m)^.*java\\S* (-XX:.*) \\S*RELAY_JAVA_OPTS\\S* -jar \\S+ \\S+\\r?$")
                .matcher(text(ROOT.resolve(launcher)));
        assertTrue(command.find(), launcher);
        return command.group(1);
    }

    @Test
    void scriptsHaveTheLineEndsOfTheirSystem() {
        assertTrue(!text(ROOT.resolve("relay")).contains("\r"), "relay has CR");
        String windows = text(ROOT.resolve("relay.cmd"));
        assertEquals(windows.replace("\r\n", "\n").replace("\n", "\r\n"), windows, "relay.cmd has LF without CR");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
