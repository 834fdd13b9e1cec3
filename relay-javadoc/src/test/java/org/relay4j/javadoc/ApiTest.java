package org.relay4j.javadoc;

import static java.util.stream.Collectors.toCollection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What holds for the public API and the published modules as a whole. */
class ApiTest {
    private static final Path ROOT = Path.of(System.getProperty("relay.root"));
    private static final Pattern MANAGED = Pattern.compile("<artifactId>([^<]*)</artifactId>\\s*<version>");
    private static final Pattern MODULE = Pattern.compile(
            "<artifactId>(?:relay-parent|integrations)</artifactId>\\s*<version>[^<]*</version>\\s*</parent>\\s*<artifactId>([^<]*)<");
    private static final Pattern EXCLUDED = Pattern.compile("<exclude>(org\\.relay4j\\.[^<]*)</exclude>");
    /** Public because Relay's other modules call it; nobody else can name its parameters. */
    private static final String INTERNAL = "org.relay4j.yamux.SessionInternals";

    /** The metrics of clients need no server, so users of this type require its module themselves. */
    private static final String OPTIONAL =
            "org.relay4j.micrometer.RelayServerMetrics names org.relay4j.server.RelayServer";

    private static final Set<String> PROGRAMS = Set.of("relay-cli", "yamux-conformance");

    private final Modules modules = new Modules();

    @Test
    void signaturesNameOnlyTypesThatTheirUsersSee() {
        List<String> hidden = new ArrayList<>();
        int types = 0;
        for (ModuleDescriptor module : modules.relay()) {
            for (Class<?> type : modules.types(module)) {
                if (type.getName().equals(INTERNAL) || type.getName().startsWith(INTERNAL + "$")) continue;
                types++;
                for (Class<?> named : Signatures.of(type)) {
                    String use = type.getName() + " names " + named.getName();
                    if (!modules.canName(module, named) && !use.equals(OPTIONAL)) hidden.add(use);
                }
            }
        }
        assertEquals(List.of(), hidden, "not exported, or of a module that is not required transitively");
        assertTrue(types > 30, "only " + types + " types were found");
    }

    /** Neither the Javadoc nor the comparison with a release is about packages that only Relay's modules may use. */
    @Test
    void internalPackagesAreListedInThePom() throws IOException {
        Set<String> internal = new TreeSet<>();
        for (ModuleDescriptor module : modules.relay()) {
            for (Exports exports : module.exports()) {
                if (exports.isQualified()) internal.add(exports.source());
            }
        }
        assertTrue(internal.contains("org.relay4j.yamux.core"), "found only " + internal);
        String pom = Files.readString(ROOT.resolve("pom.xml"));
        assertTrue(
                pom.contains("<relay.internal>" + String.join(":", internal) + "</relay.internal>"),
                "relay.internal must be " + String.join(":", internal));
        internal.add(INTERNAL);
        assertEquals(
                internal,
                EXCLUDED.matcher(pom).results().map(exclude -> exclude.group(1)).collect(toCollection(TreeSet::new)),
                "the excludes of japicmp");
    }

    /** A type without a {@code @since} of its own is as old as its package. */
    @Test
    void everyModuleAndPackageSaysSinceWhen() throws IOException {
        List<String> silent = new ArrayList<>();
        for (Path sources : sources()) {
            Path descriptor = sources.resolve("module-info.java");
            if (Files.exists(descriptor)) check(descriptor, silent);
            try (Stream<Path> files = Files.walk(sources)) {
                for (Path file : files.toList()) {
                    if (file.endsWith("package-info.java")) check(file, silent);
                }
            }
        }
        assertEquals(List.of(), silent, "no @since");
    }

    @Test
    void billOfMaterialsListsEveryPublishedModule() throws IOException {
        Set<String> published = new TreeSet<>();
        try (Stream<Path> files = Files.find(ROOT, 3, (file, attributes) -> file.endsWith("pom.xml"))) {
            for (Path file : files.toList()) {
                String pom = Files.readString(file);
                Matcher artifact = MODULE.matcher(pom);
                boolean skipped = pom.contains("<packaging>pom<") || pom.contains("<maven.deploy.skip>true<");
                if (artifact.find() && !skipped) published.add(artifact.group(1));
            }
        }
        assertEquals(published, managed());
    }

    @Test
    void everyLibraryIsDocumented() throws IOException {
        String pom = Files.readString(ROOT.resolve("relay-javadoc/pom.xml"));
        Set<String> missing = managed();
        missing.removeAll(PROGRAMS);
        missing.removeIf(artifact -> pom.contains("<title>" + artifact + "</title>")
                && pom.contains("/" + artifact + "/src/main/java</directory>"));
        assertEquals(Set.of(), missing);
    }

    private static Set<String> managed() throws IOException {
        Set<String> artifacts = new TreeSet<>();
        String pom = Files.readString(ROOT.resolve("relay-bom/pom.xml"));
        String list = pom.substring(pom.indexOf("<dependencyManagement>"), pom.indexOf("</dependencyManagement>"));
        Matcher matcher = MANAGED.matcher(list);
        while (matcher.find()) artifacts.add(matcher.group(1));
        return artifacts;
    }

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String artifact : managed()) {
            Path folder = ROOT.resolve(artifact);
            if (!Files.exists(folder)) folder = ROOT.resolve("integrations").resolve(artifact);
            if (!PROGRAMS.contains(artifact)) sources.add(folder.resolve("src/main/java"));
        }
        return sources;
    }

    private static void check(Path file, List<String> silent) throws IOException {
        if (!Files.readString(file).contains("@since "))
            silent.add(ROOT.relativize(file).toString());
    }
}
