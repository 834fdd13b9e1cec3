package org.relay4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.yamux.io.UnixSockets;

/**
 * The command {@code relay config}: prints each option with its value and origin. The lines are a configuration file with the
 * same effect; defaults and secrets are comments in it.
 */
final class ConfigCommand {
    private static final int COLUMN = 44; // of the origin
    private static final String HIDDEN = "(hidden)";

    private final Arguments arguments;
    private final Output output;

    ConfigCommand(Arguments arguments, Output output) {
        this.arguments = arguments;
        this.output = output;
    }

    void run() {
        Mode mode = arguments.mode();
        output.remark("# The effective configuration of " + mode + ", and where each value is from");
        if (mode == Mode.FORWARDER)
            show(ConfigFile.HOST, "host", arguments.address().host(), "none");
        show(ConfigFile.PORT, "port", arguments.address().port(), "none");
        for (Flag flag : Flag.values()) {
            if (!flag.belongsTo(mode) || flag == Flag.FORWARD) continue;
            Value value = arguments.get(flag);
            if (flag != Flag.CONFIG) show(flag.keys().get(0), flag.parameter(), value, flag.usual(mode));
            else if (value != null) comment(flag.keys().get(0), value.text(), value.origin());
        }
        if (mode == Mode.FORWARDER) {
            secret(IdentityArguments.KEY_VARIABLE);
            secret(ProxyArguments.CREDENTIALS_VARIABLE);
        }
        secret(AdminArguments.TOKEN_VARIABLE);
        if (mode == Mode.FORWARDER) services();
    }

    /** Shows them last, because what follows a table belongs to it. */
    private void services() {
        String key = Flag.FORWARD.keys().get(0);
        Value value = arguments.get(Flag.FORWARD);
        if (value == null) {
            comment(key, Flag.FORWARD.usual(Mode.FORWARDER), "default");
            return;
        }
        for (Forward each : Forward.all(value)) {
            output.option(
                    String.join(System.lineSeparator(), table(key, each, value.origin())),
                    object(key, each.toString(), value.origin()));
        }
    }

    private static List<String> table(String key, Forward service, String origin) {
        List<String> lines = new ArrayList<>();
        lines.add(line("[" + key + "." + quoted(service.name()) + "]", origin));
        lines.add(ForwardTable.LOCAL + " = " + quoted(service.absoluteText()));
        int port = service.endpoint().number();
        String host = service.hostText();
        if (port > 0) lines.add(Forward.PORT + " = " + port);
        if (host != null) lines.add(Forward.HOST + " = " + quoted(host));
        if (service.share()) lines.add(Forward.SHARE + " = true");
        return lines;
    }

    private void show(String key, String parameter, @Nullable Value value, String usual) {
        if (value == null) {
            comment(key, usual, "default");
            return;
        }
        String text = text(parameter, value);
        output.option(line(key + " = " + toml(parameter, text), value.origin()), object(key, text, value.origin()));
    }

    private void secret(String variable) {
        if (arguments.variable(variable) != null) comment(variable, HIDDEN, variable);
    }

    private void comment(String key, String text, String origin) {
        output.option(line("# " + key + ": " + text, origin), object(key, text, origin));
    }

    private static JsonLine object(String key, String value, String origin) {
        return new JsonLine()
                .with("event", "option")
                .with("option", key)
                .with("value", value)
                .with("origin", origin);
    }

    private static String line(String setting, String origin) {
        int spaces = Math.max(2, COLUMN - setting.length());
        return setting + " ".repeat(spaces) + "# " + origin;
    }

    private static String text(String parameter, Value value) {
        return switch (parameter) {
            case "" -> String.valueOf(value.isOn());
            case "file", "pem", "toml" ->
                value.path().toAbsolutePath().normalize().toString();
            case "url" -> value.text().replaceFirst("//.*@", "//" + HIDDEN + "@"); // a mistake, but with a password
            default ->
                SocketArguments.isSocket(value)
                        ? UnixSockets.PREFIX
                                + SocketArguments.path(value).toAbsolutePath().normalize()
                        : value.text();
        };
    }

    /** Returns a value as TOML. A number that is none is shown as a text. */
    private static String toml(String parameter, String text) {
        return switch (parameter) {
            case "" -> text;
            case "n", "port" -> text.matches("0|[1-9][0-9]{0,9}") ? text : quoted(text);
            case "networks", "fingerprints" ->
                Arrays.stream(text.split(",", -1))
                        .map(part -> quoted(part.strip()))
                        .collect(Collectors.joining(", ", "[", "]"));
            default -> quoted(text);
        };
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (Character.isISOControl(c)) quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }
}
