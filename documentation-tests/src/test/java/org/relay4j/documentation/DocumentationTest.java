package org.relay4j.documentation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.FixedPort;

/** The Java in the documentation compiles, and does something without failing. */
class DocumentationTest {
    private static final Path ROOT = Path.of(System.getProperty("relay.root"));
    private static final List<String> MODULES = List.of("relay-api", "relay-yamux", "relay-server", "relay-client");
    private static final Pattern PUBLIC_TYPE =
            Pattern.compile("(?m)^public (?:final |sealed )?(?:class|interface|record|enum) (\\w+)");

    private static final Pattern TEST = Pattern.compile("@Test\\s+void (\\w+)\\(\\)");

    private static final String IMPORTS = Stream.of(
                    "com.sun.net.httpserver",
                    "java.io",
                    "java.net",
                    "java.nio.file",
                    "java.time",
                    "java.util",
                    "java.util.concurrent",
                    "javax.net.ssl",
                    "org.relay4j.api",
                    "org.relay4j.client",
                    "org.relay4j.server",
                    "org.relay4j.server.registry",
                    "org.relay4j.yamux")
            .map(name -> "import " + name + ".*;\n")
            .reduce(
                    "import static org.junit.jupiter.api.Assertions.*;\nimport org.junit.jupiter.api.Test;\n",
                    String::concat);

    @TempDir
    static Path classes;

    private static List<Sample> samples() throws IOException {
        List<Sample> samples = new ArrayList<>(Sample.inMarkdown(ROOT));
        samples.addAll(Sample.inMarkdown(ROOT.resolve("docs")));
        for (String module : MODULES) samples.addAll(Sample.inJavadoc(ROOT.resolve(module + "/src/main/java")));
        return samples;
    }

    @Test
    void eachPublicTypeHasASample() throws IOException {
        List<Path> shown = samples().stream().map(Sample::source).toList();
        List<String> without = new ArrayList<>();
        for (String module : MODULES) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module + "/src/main/java"))) {
                for (Path file : files.filter(DocumentationTest::isPublicApi).toList()) {
                    if (!shown.contains(file)) without.add(file.getFileName().toString());
                }
            }
        }
        assertEquals(List.of(), without);
    }

    private static boolean isPublicApi(Path file) {
        String folder = file.getParent().getFileName().toString();
        boolean exported = List.of("api", "yamux", "server", "client").contains(folder);
        if (!exported || !file.toString().endsWith(".java")) return false;
        if (file.endsWith("SessionInternals.java")) return false; // public for Relay's own modules
        try {
            return PUBLIC_TYPE.matcher(Files.readString(file)).find();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @TestFactory
    Stream<DynamicTest> compilesAndRuns() throws IOException {
        List<Sample> samples = samples();
        assertTrue(samples.size() >= 30, () -> "found only " + samples);
        return samples.stream()
                .map(sample -> DynamicTest.dynamicTest(sample.toString(), () -> run(sample, samples.indexOf(sample))));
    }

    /** Samples that never return are interrupted after a visitor was served, or while they wait for one that never connects. */
    private static void run(Sample sample, int number) throws Exception {
        Class<? extends Surroundings> compiled = compile(sample, "Sample" + number);
        try (Surroundings surroundings = compiled.getDeclaredConstructor().newInstance()) {
            FutureTask<Void> task = new FutureTask<>(() -> {
                surroundings.run();
                return null;
            });
            Thread thread = new Thread(task, sample.toString());
            thread.setDaemon(true);
            thread.start();
            if (waitsForEver(sample)) {
                awaitWaiting(thread);
                thread.interrupt();
            }
            await(task);
        }
    }

    private static boolean waitsForEver(Sample sample) {
        return Pattern.compile(
                        "\\.accept\\(\\)|\\.acceptStream\\(\\)|queue\\.accept|\\.receive\\(|join\\(\\)|awaitEnd\\(\\)")
                .matcher(sample.code())
                .find();
    }

    private static void awaitWaiting(Thread thread) {
        long end = System.nanoTime() + Surroundings.deadline().toNanos();
        while (true) {
            Thread.State state = thread.getState();
            if (state == Thread.State.TERMINATED || isInLibrary(thread)) return;
            if (System.nanoTime() - end > 0) throw new AssertionError("it neither ends nor waits: " + state);
            Thread.onSpinWait();
        }
    }

    /** It waits for a visitor, or for its own end. */
    private static boolean isInLibrary(Thread thread) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            String method = frame.getClassName() + "." + frame.getMethodName();
            if (method.startsWith("org.relay4j.yamux.AcceptQueue.next")) return true;
            if (method.equals("org.relay4j.client.DatagramVisitors.receive")) return true;
            if (method.equals("java.lang.Thread.join") || method.endsWith(".awaitEnd")) return true;
        }
        return false;
    }

    private static void await(FutureTask<Void> task) throws Exception {
        try {
            task.get(Surroundings.deadline().toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof InterruptedIOException || cause instanceof InterruptedException) return;
            throw new AssertionError("the sample has failed", cause);
        } catch (TimeoutException e) {
            throw new AssertionError("the sample does not end", e);
        }
    }

    private static Class<? extends Surroundings> compile(Sample sample, String name) throws Exception {
        String source = IMPORTS + "public final class " + name + " extends " + Surroundings.class.getName()
                + " {\n    public " + name + "() throws Exception {}\n" + members(onThisMachine(sample.code())) + "}\n";
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter errors = new StringWriter();
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> options = List.of("-proc:none", "-cp", path, "-d", classes.toString());
        boolean compiled = compiler.getTask(errors, null, null, options, null, List.of(file))
                .call();
        if (!compiled) throw new AssertionError("does not compile:\n" + errors + source);
        URL[] urls = {classes.toUri().toURL()};
        URLClassLoader loader = new URLClassLoader(urls, Surroundings.class.getClassLoader());
        return loader.loadClass(name).asSubclass(Surroundings.class);
    }

    /** A sample is either statements, or one method that is a test. */
    private static String members(String code) {
        Matcher test = TEST.matcher(code);
        boolean isTest = test.lookingAt();
        return "    public void run() throws Exception {\n"
                + (isTest ? test.group(1) + "();\n    }\n" + code : code + "    }\n");
    }

    /** The relay servers of the documentation are somewhere else. */
    private static String onThisMachine(String code) throws IOException {
        return code.replace("17000", String.valueOf(FixedPort.free()))
                .replace("RelayServer.start(7000)", "RelayServer.start(0)")
                .replace(".port(7000)", ".port(0)")
                .replace("\"relay.example.com\", 7000", "\"localhost\", port(0)")
                .replace("\"secure.example.com\", 7000", "\"localhost\", port(2)")
                .replace("\"one.example.com\", 7000", "\"localhost\", port(0)")
                .replace("\"two.example.com\", 7000", "\"localhost\", port(1)");
    }
}
