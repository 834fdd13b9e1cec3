package org.relay4j.cli;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** An option of the relay command. Each can also be given by an environment variable. */
enum Flag {
    BIND(Section.SERVER, "address", "Where relay clients connect. Default: all addresses."),
    PUBLIC_BIND(Section.SERVER, "address", "Where visitors connect. Default: all addresses."),
    PUBLIC_PORTS(Section.SERVER, "min-max", "The public ports to give out. Default: any free port."),
    MAX_TUNNELS(Section.SERVER, "n", "Tunnels at once. Default: 1000."),
    MAX_TUNNELS_PER_ADDRESS(Section.SERVER, "n", "Tunnels at once from one client address. Default: 100."),
    MAX_VISITORS(Section.SERVER, "n", "Visitors at once. Default: 50000."),
    MAX_VISITORS_PER_TUNNEL(Section.SERVER, "n", "Visitors at once of one tunnel. Default: 16384."),

    LOCAL_FORWARD_PORT(
            Section.FORWARDER,
            "port",
            "The port of the local service; this option makes a forwarder.",
            "--localForwardPort",
            "--local-forward-port"),
    LOCAL_HOST(Section.FORWARDER, "host", "The host of the local service. Default: localhost."),
    CONNECT_TIMEOUT(
            Section.FORWARDER, "time", "How long to wait for a connection to the server: 10s, 500ms. Default: 10s."),
    NO_RECONNECT(Section.FORWARDER, "", "End when the tunnel is lost, instead of getting a new one."),

    HANDSHAKE_TIMEOUT(
            Section.TUNNEL,
            "time",
            "How long the other side has for its first sign of life. Default: 5s (server), 10s (forwarder)."),
    WINDOW(
            Section.TUNNEL,
            "bytes",
            "Bytes of each visitor that may be under way to this side at first: 256k, 4m. Default: 256k."),
    MAX_WINDOW(
            Section.TUNNEL,
            "bytes",
            "How far that grows over a long path that holds more; 0: not at all. Default: 16m."),

    ONCE(Section.DEMO, "", "End after the visitor's visit."),

    JSON(Section.GENERAL, "", "Write each line of standard output as a JSON object."),
    LOG_LEVEL(
            Section.GENERAL,
            "level",
            "What is logged on standard error: error, warn, info, debug (also shows stack traces), trace."
                    + " Default: info, for the demo warn.");

    /** A part of the help text: the options that the same modes have. */
    enum Section {
        SERVER("Server", Mode.SERVER),
        FORWARDER("Forwarder", Mode.FORWARDER),
        TUNNEL("Server and forwarder", Mode.SERVER, Mode.FORWARDER),
        DEMO("Demo", Mode.DEMO),
        GENERAL("All", Mode.SERVER, Mode.FORWARDER, Mode.DEMO);

        private final String title;

        @SuppressWarnings("ImmutableEnumChecker") // a Set.of
        private final Set<Mode> modes;

        Section(String title, Mode... modes) {
            this.title = title;
            this.modes = Set.of(modes);
        }

        String title() {
            return title;
        }
    }

    private final Section section;
    private final String parameter;
    private final String description;

    @SuppressWarnings("ImmutableEnumChecker") // a List.of
    private final List<String> names;

    Flag(Section section, String parameter, String description, String... names) {
        this.section = section;
        this.parameter = parameter;
        this.description = description;
        this.names = names.length > 0
                ? List.of(names)
                : List.of("--" + name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    Section section() {
        return section;
    }

    /** True for an option without a value. */
    boolean isSwitch() {
        return parameter.isEmpty();
    }

    /** What the value is called in the help text. */
    String parameter() {
        return parameter;
    }

    String description() {
        return description;
    }

    /** The spellings of the option; the first is the one that messages use. */
    List<String> names() {
        return names;
    }

    String variable() {
        return "RELAY_" + name();
    }

    boolean belongsTo(Mode mode) {
        return section.modes.contains(mode);
    }

    @Override
    public String toString() {
        return names.get(0);
    }
}
