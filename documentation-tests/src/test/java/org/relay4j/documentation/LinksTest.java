package org.relay4j.documentation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Links between the pages of the repository lead somewhere, the README leads to every page of docs/, and the site to every page. */
class LinksTest {
    private static final Path ROOT = Path.of(System.getProperty("relay.root"));
    private static final Set<String> SKIPPED = Set.of("target", "node_modules", ".git");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)\\s#]*)(?:#([^)\\s]*))?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ +(.*)$");

    private static List<Path> pages(Path folder) throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.sorted().toList()) {
                String name = entry.getFileName().toString();
                if (Files.isDirectory(entry) && !SKIPPED.contains(name)) pages.addAll(pages(entry));
                else if (name.endsWith(".md")) pages.add(entry);
            }
        }
        return pages;
    }

    @Test
    void everyLinkLeadsSomewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path page : pages(ROOT)) {
            for (Matcher link = LINK.matcher(Files.readString(page)); link.find(); links++) {
                Path target = page.resolveSibling(link.group(1)).normalize();
                if (link.group(1).isEmpty()) target = page;
                boolean found = Files.exists(target)
                        && (link.group(2) == null || anchors(target).contains(link.group(2)));
                if (!found) broken.add(ROOT.relativize(page) + ": " + link.group());
            }
        }
        assertTrue(links > 50, "found only " + links + " links");
        assertEquals(List.of(), broken);
    }

    @Test
    void readmeLeadsToEveryPage() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));
        List<Path> missing = pages(ROOT.resolve("docs")).stream()
                .filter(page ->
                        !readme.contains("](" + ROOT.relativize(page).toString().replace('\\', '/') + ")"))
                .toList();
        assertEquals(List.of(), missing);
    }

    /** site/build refuses a page that the navigation lacks: at the end of a long check. The README is the root of the site. */
    @Test
    void siteLeadsToEveryPage() throws IOException {
        Path navigation = ROOT.resolve("site/navigation.md");
        List<String> entries = Files.readAllLines(navigation).stream()
                .map(line -> line.replaceFirst("^.*<(.*)>$", "$1"))
                .toList();
        List<String> missing = pages(ROOT).stream()
                .filter(page -> !page.equals(navigation) && !page.equals(ROOT.resolve("README.md")))
                .map(page -> ROOT.relativize(page).toString().replace('\\', '/'))
                .filter(page -> !page.startsWith(".") && !page.contains("/src/"))
                .filter(page -> !entries.contains(page.replaceFirst("\\.md$", "")))
                .toList();
        assertEquals(List.of(), missing);
    }

    /** As GitHub makes them of headings. */
    private static Set<String> anchors(Path page) throws IOException {
        if (!page.toString().endsWith(".md")) return Set.of();
        return HEADING.matcher(Files.readString(page))
                .results()
                .map(heading -> heading.group(1)
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N} _-]", "")
                        .replace(' ', '-'))
                .collect(Collectors.toCollection(HashSet::new));
    }
}
