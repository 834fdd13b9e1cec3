package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/configuration.md lists each key with its type, and its examples can be used. */
class ConfigurationPageTest {
    private static final Pattern EXAMPLE = Pattern.compile("```toml\n(.*?)```", Pattern.DOTALL);
    private static final Pattern ROW = Pattern.compile("\\| `([a-z-]+)` \\| ([^|]*?) \\| ([^|]*?) \\|");

    private static String page;

    @BeforeAll
    static void read() throws IOException {
        page = Files.readString(Path.of(System.getProperty("relay.root"), "docs/configuration.md"));
    }

    @Test
    void keys() {
        List<String> listed = new ArrayList<>();
        for (String line : page.lines().toList()) {
            Matcher row = ROW.matcher(line);
            if (!row.matches()) continue;
            String key = row.group(1);
            listed.add(key);
            for (Flag flag : Flag.values()) {
                if (!flag.keys().get(0).equals(key)) continue;
                assertEquals(type(flag), row.group(2), key);
                assertEquals(reload(flag), row.group(3), key);
            }
        }
        assertEquals(new TreeSet<>(ConfigFile.keys()), new TreeSet<>(listed));
        listed.remove(ConfigFile.PORT); // for server and forwarder
        assertEquals(ConfigFile.keys().size(), listed.size(), () -> String.join("\n", listed));
    }

    private static String type(Flag flag) {
        return switch (flag.parameter()) {
            case "" -> "true or false";
            case "n", "port" -> "integer";
            case "time" -> "text such as `\"30s\"`, or seconds";
            case "bytes" -> "text such as `\"512k\"`, or bytes";
            case "min-max" -> "text such as `\"20000-29999\"`, or one port";
            case "networks", "fingerprints", "servers" -> "list of texts";
            case "file", "pem", "toml" -> "file";
            case "service" -> "tables, see [several services](#several-services)";
            default -> "text";
        };
    }

    private static String reload(Flag flag) {
        if (flag == Flag.TLS_CERT || flag == Flag.TLS_KEY) return "server, if it has TLS before and after";
        boolean server = flag.belongsTo(Mode.SERVER) && flag.isReloadable(Mode.SERVER);
        boolean forwarder = flag.belongsTo(Mode.FORWARDER) && flag.isReloadable(Mode.FORWARDER);
        boolean both = flag.belongsTo(Mode.SERVER) && flag.belongsTo(Mode.FORWARDER);
        if (server) return both && !forwarder ? "server" : "yes";
        return forwarder ? "yes" : "no";
    }

    @Test
    void examples(@TempDir Path folder) throws IOException {
        Matcher example = EXAMPLE.matcher(page);
        List<Mode> modes = new ArrayList<>();
        while (example.find()) {
            Path file = folder.resolve("relay.toml");
            Files.writeString(file, example.group(1));
            Arguments arguments = Arguments.of(List.of("--config=" + file), Map.of());
            modes.add(arguments.mode());
            assertEquals(7000, arguments.port().port(1));
        }
        assertEquals(List.of(Mode.SERVER, Mode.FORWARDER, Mode.FORWARDER), modes);
    }
}
