package org.relay4j.cli;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** An option of the relay command. Each can also be set by an environment variable. */
enum Flag {
    // Longer than 300 lines because the options and their help text are the larger part.
    LOCAL_FORWARD_PORT(
            Section.FORWARDER,
            "port",
            "Port of the local service. With this option or --forward, the command is a forwarder.",
            "--localForwardPort",
            "--local-forward-port"),
    LOCAL_HOST(Section.FORWARDER, "host", "Host of the local service. Default: localhost."),
    FORWARD(
            Section.FORWARDER,
            "service",
            "Service to forward visitors to, instead of --localForwardPort: <port>, <host>:<port>, udp:<port> or"
                    + " unix:<path>. It may be named, and followed by its public port or host name:"
                    + " web=8080,host=app.example.com or db=5432,port=15432. May be repeated, for several services"
                    + " on one tunnel; in the variable, spaces separate them."),
    PUBLIC_PORT(
            Section.FORWARDER,
            "port",
            "Public port to request from the server. Default: the port that the server reserves for this client, or any free one.",
            "--port"),
    TLS(
            Section.FORWARDER,
            "",
            "Encrypt the connection, and verify the server's certificate with the certificate authorities of the system"
                    + " (in a package) or of Java. The other --tls options imply it."),
    TLS_CA(
            Section.FORWARDER,
            "pem",
            "File with the certificates to verify the server's certificate against. Default: those of the system (in a package)"
                    + " or of Java."),
    TLS_PIN(
            Section.FORWARDER,
            "fingerprint",
            "The server's certificate must have this fingerprint, as relay keygen prints it: sha256:<hex>. Its names and"
                    + " dates are then not verified."),
    NAME(Section.FORWARDER, "name", "Name of this client. Its key or its certificate proves it."),
    KEY_FILE(
            Section.FORWARDER,
            "file",
            "Private key of the client, as relay keygen --client writes it. Instead of the file, the variable RELAY_KEY"
                    + " can hold the key."),
    LEASE_FILE(
            Section.FORWARDER,
            "file",
            "File in which the forwarder stores its lease, the claim to its public port, so that it gets the same port"
                    + " after a restart."),
    CONNECTIONS(
            Section.FORWARDER,
            "n",
            "Number of connections that carry the tunnel, 1 to 8. If one is lost, only its visitors are reset. Default: 1."),
    NODES(
            Section.FORWARDER,
            "servers",
            "Further nodes of the relay server's cluster, such as relay2:7000,relay3:7000. They are"
                    + " tried if the server cannot be reached, and further connections go to them. Default: none."),
    PROXY(
            Section.FORWARDER,
            "url",
            "HTTP or SOCKS 5 proxy on the way to the server: http://<host>:<port> or, for SOCKS 5, socks5://<host>:<port>. It"
                    + " resolves the server's name. Variables such as HTTPS_PROXY are ignored. Default: none."),
    PROXY_CREDENTIALS_FILE(
            Section.FORWARDER,
            "file",
            "File with <user>:<password> for the proxy. Instead of the file, the variable RELAY_PROXY_CREDENTIALS can hold"
                    + " them."),
    PROXY_PROTOCOL(
            Section.FORWARDER,
            "version",
            "Begin each connection to the local service with the visitor's address, in the PROXY protocol: v1 or v2."),
    CONNECT_TIMEOUT(
            Section.FORWARDER,
            "time",
            "How long to wait for a connection to the server, such as 10s or 500ms. Default: 10s."),
    RETRY_FIRST(
            Section.FORWARDER, "", "Keep trying if the first connection fails. By default that ends the forwarder."),
    NO_RECONNECT(Section.FORWARDER, "", "End when the tunnel is lost. By default the forwarder reconnects."),

    BIND(
            Section.SERVER,
            "address",
            "Local address to listen on for clients, or unix:<path> for a Unix-domain socket instead of <localport>."
                    + " Default: all addresses."),
    SOCKET_MODE(
            Section.SERVER,
            "mode",
            "Permissions of the Unix-domain socket, such as 660. Clients need write permission. Default: determined by the"
                    + " umask."),
    SOCKET_OWNER(
            Section.SERVER,
            "user:group",
            "Owner of the Unix-domain socket: a user, a user and a group, or :<group>. Default: user and group of the process."),
    PUBLIC_BIND(Section.SERVER, "address", "Local address to listen on for visitors. Default: all addresses."),
    PUBLIC_PORTS(Section.SERVER, "min-max", "Range of public ports. Default: any free port."),
    HTTPS_PORT(
            Section.SERVER,
            "port",
            "Port at which visitors reach the host names of tunnels with HTTPS, usually 443. The server routes by the name in"
                    + " the TLS handshake (SNI) and does not decrypt, except for names under --domain. Default: none."),
    HTTP_PORT(
            Section.SERVER,
            "port",
            "Port at which visitors reach the host names of tunnels with plain HTTP, usually 80. Default: none."),
    DOMAIN(
            Section.SERVER,
            "host",
            "The server's own domain. Clients can get random host names under it, and TLS of their visitors ends at the server,"
                    + " which needs a certificate for *.<host>."),
    DOMAIN_CERT(
            Section.SERVER,
            "pem",
            "Certificate chain for *.<domain>, the domain's own certificate first. Default: that of --tls-cert."),
    DOMAIN_KEY(Section.SERVER, "pem", "Private key of --domain-cert: PKCS#8, not encrypted."),
    REDIRECT_HTTPS(Section.SERVER, "", "Redirect all requests at --http-port to HTTPS."),
    CLOSE_UNKNOWN_NAMES(
            Section.SERVER,
            "",
            "Close connections to unknown host names without an answer. By default visitors get \"404 Not Found\", or the TLS"
                    + " alert unrecognized_name."),
    CLIENTS(Section.SERVER, "toml", "File with the names of clients, their public keys and limits."),
    REQUIRE_NAME(Section.SERVER, "", "Refuse clients without a name."),
    TLS_CLIENT_CA(Section.SERVER, "pem", "File with the certificates to verify the certificates of clients against."),
    EXTENDED(
            Section.SERVER,
            "",
            "Use the extended protocol even without TLS. Only for networks in which nobody else can read or change the traffic."),
    LEASE(
            Section.SERVER,
            "time",
            "How long the server keeps the public port for the client after its tunnel is lost. New visitors wait"
                    + " meanwhile. 0: not kept. Needs TLS, --extended or --require-name. Default: 30s."),
    STICKY_PORTS(
            Section.SERVER,
            "",
            "Give a reconnecting client without a lease the last public port of its address. This works for 10 minutes, if the"
                    + " address had only that port, and never for loopback addresses or trusted proxies."),
    STATE_FILE(
            Section.SERVER,
            "file",
            "File that keeps the tunnels of clients with a lease across a restart of the server: their public ports are"
                    + " bound again at once, and visitors wait for the clients. Default: none."),
    ALLOW_CLIENTS(
            Section.SERVER,
            "networks",
            "Networks that clients may connect from, such as 10.0.0.0/8,2001:db8::/32. Default: all."),
    DENY_CLIENTS(Section.SERVER, "networks", "Networks that clients may not connect from, even if they are allowed."),
    ALLOW_VISITORS(Section.SERVER, "networks", "Networks that visitors may connect from. Default: all."),
    DENY_VISITORS(Section.SERVER, "networks", "Networks that visitors may not connect from, even if they are allowed."),
    TRUSTED_PROXIES(
            Section.SERVER,
            "networks",
            "Networks of load balancers in front of the server. Connections from them must begin with a header of the PROXY"
                    + " protocol, v1 or v2."),
    PROXY_CERTS(
            Section.SERVER,
            "fingerprints",
            "Fingerprints of the certificates of load balancers that end TLS in front of the server, such as"
                    + " sha256:<hex>,sha256:<hex>. A client with a name is admitted only if one of these was presented to it."),
    IDLE_TIMEOUT(
            Section.SERVER,
            "time",
            "Reset visitors without a byte in either direction for this time, such as 10m. Default: off."),
    MAX_TUNNELS(Section.SERVER, "n", "Maximum number of tunnels. Default: 1000."),
    MAX_TUNNELS_PER_ADDRESS(Section.SERVER, "n", "Maximum number of tunnels for each client address. Default: 100."),
    MAX_VISITORS(Section.SERVER, "n", "Maximum number of connected visitors. Default: 50000."),
    MAX_VISITORS_PER_TUNNEL(
            Section.SERVER, "n", "Maximum number of connected visitors for each tunnel. Default: 16384."),
    MAX_UDP_VISITORS(Section.SERVER, "n", "Maximum number of visitors for each UDP port. Default: 1024."),
    UDP_VISITORS_PER_SECOND(
            Section.SERVER,
            "n",
            "Maximum number of new visitors for each UDP port and visitor address in a second; 0 means no limit."
                    + " Default: 500."),
    UDP_IDLE_TIMEOUT(
            Section.SERVER,
            "time",
            "Time after which the server forgets a visitor of a UDP port that sends no datagram. Default: 60s."),
    CLUSTER(
            Section.SERVER,
            "store",
            "Make the server a node of a cluster, whose nodes share this store: etcd:<url>,<url>,... or"
                    + " postgresql:<JDBC URL>. Needs --public-ports, --peer, --peer-cert, --peer-key and --peer-ca. User, password and"
                    + " certificates for the store are in the variables RELAY_CLUSTER_USER, RELAY_CLUSTER_PASSWORD, RELAY_CLUSTER_CA,"
                    + " RELAY_CLUSTER_CERT and RELAY_CLUSTER_KEY. Default: none."),
    CLUSTER_NAME(
            Section.SERVER,
            "name",
            "Name of the cluster. Clusters with different names can share a store. The certificates of the nodes contain"
                    + " it, so relay keygen --node needs it, too. Default: relay."),
    NODE(
            Section.SERVER,
            "name",
            "Name of this node, which no other node of the cluster may have. relay keygen makes a certificate for it; there"
                    + " it may be repeated, or be a list with commas. Default: the name of this machine."),
    PEER(
            Section.SERVER,
            "address:port",
            "Local address for links from other nodes of the cluster, such as :7002 or 10.0.0.1:7002."),
    PEER_ADVERTISE(
            Section.SERVER,
            "host:port",
            "Address at which other nodes reach this one. Default: the address of --peer; the name of the node if --peer stands for"
                    + " all addresses."),
    PEER_CERT(
            Section.SERVER,
            "pem",
            "Certificate chain with which this node proves its name to other nodes, its own certificate first."),
    PEER_KEY(Section.SERVER, "pem", "Private key of --peer-cert: PKCS#8, not encrypted."),
    PEER_CA(
            Section.SERVER,
            "pem",
            "File with the certificates of the cluster's authority, which signs those of its nodes."),
    DRAIN_DELAY(
            Section.SERVER,
            "time",
            "How long the public ports of a node still accept visitors after SIGTERM, so that load balancers can notice it. This"
                    + " time is part of --grace-period. Default: 5s."),

    HANDSHAKE_TIMEOUT(
            Section.TUNNEL,
            "time",
            "How long to wait for the other side's first message. Default: 5s (server), 10s (forwarder)."),
    GRACE_PERIOD(
            Section.TUNNEL,
            "time",
            "How long connected visitors may take to finish after SIGTERM or Ctrl-C. The process ends with the last one."
                    + " 0: they are reset at once. Default: 30s (server), 10s (forwarder)."),
    TLS_CERT(
            Section.TUNNEL,
            "pem",
            "Certificate chain, its own certificate first. A server with a certificate uses TLS. A forwarder shows it to"
                    + " the server as proof of its name."),
    TLS_KEY(Section.TUNNEL, "pem", "Private key of --tls-cert: PKCS#8, not encrypted."),
    ADMIN_SOCKET_MODE(
            Section.TUNNEL,
            "mode",
            "Permissions of the Unix-domain socket of --admin, such as 660. Anyone with write permission can shut the process down."
                    + " Default: 600."),
    ADMIN_SOCKET_OWNER(
            Section.TUNNEL,
            "user:group",
            "Owner of the Unix-domain socket of --admin, as for --socket-owner. Default: user and group of the process."),
    WINDOW(Section.TUNNEL, "bytes", "Initial flow-control window for each visitor, such as 512k or 4m. Default: 256k."),
    MAX_WINDOW(
            Section.TUNNEL,
            "bytes",
            "Maximum size to which a window grows on a path with a long delay. 0: it never grows. Default: 16m."),

    CONFIG(
            Section.ADMIN,
            "toml",
            "TOML file with the options that neither the command line nor the environment sets. relay status takes the admin"
                    + " address and its token from it. Default: none."),
    ADMIN(
            Section.ADMIN,
            "address:port",
            "Local address for health checks, metrics, tunnels and the status page over HTTP, such as 127.0.0.1:7001. Port 0"
                    + " means any free port. Addresses other than loopback need a token. unix:<path> is a Unix-domain socket, whose"
                    + " permissions replace the token. relay status asks this address,"
                    + " 127.0.0.1:7001 by default. Default: none."),
    ADMIN_TOKEN_FILE(
            Section.ADMIN,
            "file",
            "File with the token that requests to the admin address must have, of at least 16 characters. Instead of the"
                    + " file, the variable RELAY_ADMIN_TOKEN can hold the token."),

    KEYGEN_HOST(
            Section.KEYGEN,
            "name",
            "Host name or IP address that the certificate is for. May be repeated, or be a list with commas."
                    + " Default: the name of this machine, localhost, 127.0.0.1 and ::1.",
            "--host"),
    KEYGEN_CLIENT(Section.KEYGEN, "name", "Make a key for this client, instead of a certificate.", "--client"),
    KEYGEN_OUT(Section.KEYGEN, "folder", "Folder for the files. Default: the current folder.", "--out"),

    ONCE(Section.DEMO, "", "End after the first visit."),

    JSON(
            Section.GENERAL,
            "",
            "Write standard output and the log as JSON, one object per line."
                    + " Adds the events \"lost\" and \"closed\"."),
    LOG_FORMAT(
            Section.GENERAL,
            "format",
            "Format of the log on standard error: text, or json for one object per line. Default: text; json with --json."),
    QUIET(
            Section.GENERAL,
            "",
            "Log only warnings and errors, without the security log, and show no progress and no advice."),
    LOG_LEVEL(
            Section.GENERAL,
            "level",
            "error, warn, info, debug or trace. The last two include stack traces."
                    + " Default: info; for the demo, error.");

    /** A part of the help text: options of the same modes. */
    enum Section {
        FORWARDER("Forwarder", Mode.FORWARDER),
        SERVER("Server", Mode.SERVER),
        TUNNEL("Server and forwarder", Mode.SERVER, Mode.FORWARDER),
        ADMIN("Server, forwarder and status", Mode.SERVER, Mode.FORWARDER, Mode.STATUS, Mode.CLUSTER),
        KEYGEN("Key generator", Mode.KEYGEN),
        DEMO("Demo", Mode.DEMO),
        GENERAL("All commands", Mode.SERVER, Mode.FORWARDER, Mode.KEYGEN, Mode.DEMO, Mode.STATUS, Mode.CLUSTER);

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

    private static final Set<Flag> RELOADED_BY_SERVER = Set.of(
            MAX_TUNNELS,
            MAX_TUNNELS_PER_ADDRESS,
            MAX_VISITORS,
            MAX_VISITORS_PER_TUNNEL,
            MAX_UDP_VISITORS,
            UDP_VISITORS_PER_SECOND,
            UDP_IDLE_TIMEOUT,
            IDLE_TIMEOUT,
            DOMAIN_CERT,
            DOMAIN_KEY,
            REDIRECT_HTTPS,
            CLOSE_UNKNOWN_NAMES,
            HANDSHAKE_TIMEOUT,
            LEASE,
            ALLOW_CLIENTS,
            DENY_CLIENTS,
            ALLOW_VISITORS,
            DENY_VISITORS,
            PROXY_CERTS,
            TLS_CERT,
            TLS_KEY,
            TLS_CLIENT_CA,
            WINDOW,
            MAX_WINDOW);
    private static final Pattern DEFAULT = Pattern.compile(" Default: (.*?)(?:; for the demo.*)?\\.$");

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

    /** Returns true if the option has no value. */
    boolean isSwitch() {
        return parameter.isEmpty();
    }

    /** Returns the name of the value in the help text. */
    String parameter() {
        return parameter;
    }

    String description() {
        return description;
    }

    /** Returns the first sentence of the description, without the full stop. */
    String summary() {
        int end = description.indexOf(". ");
        if (end < 0 && description.endsWith(".")) end = description.length() - 1;
        return end < 0 ? description : description.substring(0, end);
    }

    /** Returns the possible values, if there are only a few. */
    List<String> choices() {
        return switch (this) {
            case LOG_LEVEL -> List.of("error", "warn", "info", "debug", "trace");
            case LOG_FORMAT -> List.of("text", "json");
            case PROXY_PROTOCOL -> List.of("v1", "v2");
            default -> List.of();
        };
    }

    /** Returns the default of a mode, which is part of the description, for people. */
    String usual(Mode mode) {
        Matcher stated = DEFAULT.matcher(description);
        if (!stated.find()) return isSwitch() ? "off" : "none";
        for (String part : stated.group(1).split(", ", -1)) {
            String suffix = " (" + (mode == Mode.SERVER ? "server" : "forwarder") + ")";
            if (part.endsWith(suffix)) return part.substring(0, part.length() - suffix.length());
        }
        return stated.group(1);
    }

    /** Returns the spellings of the option; messages use the first. */
    List<String> names() {
        return names;
    }

    /** Returns what separates the values of an option that may be repeated; null if it may not. */
    @Nullable
    String separator() {
        if (this == FORWARD) return Forward.SEPARATOR;
        return this == KEYGEN_HOST || this == NODE ? "," : null;
    }

    /** Returns whether the option makes a command one for a forwarder. */
    boolean isForwarding() {
        return this == LOCAL_FORWARD_PORT || this == FORWARD;
    }

    String variable() {
        return "RELAY_" + name();
    }

    /** Returns the spellings of the key in a configuration file; the first is the usual one. */
    List<String> keys() {
        String key = name().toLowerCase(Locale.ROOT).replace('_', '-');
        return this == LOCAL_FORWARD_PORT ? List.of(key, names.get(0).substring(2)) : List.of(key);
    }

    /** Returns true if the option can change while the command runs. */
    boolean isReloadable(Mode mode) {
        if (mode == Mode.SERVER && RELOADED_BY_SERVER.contains(this)) return true;
        return this == GRACE_PERIOD || this == LOG_LEVEL || this == FORWARD;
    }

    boolean belongsTo(Mode mode) {
        return hasVariableIn(mode) || (mode == Mode.KEYGEN && (this == NODE || this == CLUSTER_NAME));
    }

    /** Returns whether a mode reads the variable: relay keygen does not, whose machine may have those of a node. */
    boolean hasVariableIn(Mode mode) {
        return section.modes.contains(mode);
    }

    @Override
    public String toString() {
        return names.get(0);
    }
}
