package org.relay4j.cli;

import java.io.PrintStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.cli.json.JsonLine;
import org.relay4j.yamux.io.Sockets;

/**
 * Standard output: the few lines for people and scripts, each written and flushed at once. The methods throw a {@link
 * CommandFailure} if a line cannot be written. Safe for use by several threads.
 */
final class Output {
    private final PrintStream out;
    private final PrintStream err;
    private final boolean json;
    private final boolean quiet;
    private final Progress progress;

    Output(PrintStream out, PrintStream err, boolean json) {
        this(out, err, json, false, new Progress(err, false));
    }

    /** @param quiet whether people get no advice */
    Output(PrintStream out, PrintStream err, boolean json, boolean quiet, Progress progress) {
        this.out = out;
        this.err = err;
        this.json = json;
        this.quiet = quiet;
        this.progress = progress;
    }

    /** Returns what a terminal shows until the next line is written. */
    Progress progress() {
        return progress;
    }

    /** Reports that the server accepts clients. */
    void listening(String address, int port) {
        if (json) event(event("listening").with("address", address).with("port", port));
        else write("listening on " + Sockets.text(address, port));
    }

    /** Reports that the server accepts clients on a Unix-domain socket. */
    void listening(String socket) {
        if (json) event(event("listening").with("address", socket));
        else write("listening on " + socket);
    }

    /**
     * Reports that the forwarder's tunnel is up.
     *
     * @param tunnel the id of the tunnel; null if it has none
     * @param reconnected true if it was up before
     */
    void relaying(
            InetSocketAddress publicAddress, InetSocketAddress local, @Nullable String tunnel, boolean reconnected) {
        if (json) {
            JsonLine line = event("relaying")
                    .with("publicHost", publicAddress.getHostString())
                    .with("publicPort", publicAddress.getPort())
                    .with("localHost", local.getHostString())
                    .with("localPort", local.getPort());
            event(named(line, publicAddress.getPort(), tunnel).with("reconnected", reconnected));
        } else write("relaying " + hostAndPort(publicAddress) + " -> " + hostAndPort(local));
    }

    /**
     * Reports that one of several services can be reached.
     *
     * @param endpoint what the server has granted
     * @param tunnel the id of the tunnel; null if it has none
     * @param reconnected true if the tunnel was up before
     */
    void relaying(
            Forward service,
            Endpoint endpoint,
            InetSocketAddress publicAddress,
            @Nullable String tunnel,
            boolean reconnected) {
        if (json) {
            JsonLine line =
                    event("relaying").with("service", service.name()).with("publicHost", publicAddress.getHostString());
            if (publicAddress.getPort() > 0) line.with("publicPort", publicAddress.getPort());
            line.with("local", service.localText()).with("endpoint", endpoint.toString());
            if (tunnel != null) line.with("tunnel", tunnel);
            event(line.with("reconnected", reconnected));
            return;
        }
        int port = publicAddress.getPort(); // of visitors of host names, which is usually that of HTTPS or HTTP
        boolean bare = endpoint.kind() == Endpoint.Kind.HOST && (port == 443 || port == 80 || port == 0);
        String address = bare ? publicAddress.getHostString() : hostAndPort(publicAddress);
        String kind = endpoint.kind() == Endpoint.Kind.UDP ? Forward.UDP : "";
        write("relaying " + kind + address + " -> " + service.localText() + " (" + service.name() + ")");
    }

    /** Reports that the forwarder's tunnel is lost. Only with JSON, because people read it in the log. */
    void lost(int publicPort, @Nullable String tunnel, String cause, boolean willRetry) {
        if (!json) return;
        JsonLine line = event("lost").with("cause", cause).with("willRetry", willRetry);
        event(named(line, publicPort, tunnel));
    }

    /** Adds the names of the tunnel that the server's log has too. */
    private static JsonLine named(JsonLine line, int publicPort, @Nullable String tunnel) {
        if (publicPort > 0) line.with("endpoint", "tcp/" + publicPort); // several services have several
        return tunnel == null ? line : line.with("tunnel", tunnel);
    }

    /**
     * Reports that server or forwarder was closed because the process was terminated. Only with JSON. It is not a failure if it
     * cannot be written, because Ctrl-C often ends the reader too.
     */
    void closed() {
        if (json) print(event("closed") + System.lineSeparator());
    }

    /** Writes a step of the demo. */
    void step(int number, String text) {
        if (json) event(event("step").with("number", number).with("text", text));
        else write(number + ". " + text);
    }

    /** Reports that the demo's web page is reachable. */
    void url(String url) {
        if (json) event(event("url").with("url", url));
        else write(System.lineSeparator() + "The page, through the tunnel: " + url);
    }

    /** Reports a new certificate for a server. */
    void certificate(String fingerprint, CertificateFiles files) {
        if (json) event(withFiles(event("certificate").with("fingerprint", fingerprint), files));
        else write(fingerprint);
    }

    /**
     * Reports a new certificate for a node of a cluster.
     *
     * @param authority the file with the certificate of the cluster's authority
     */
    void node(String cluster, String node, CertificateFiles files, Path authority) {
        if (json) {
            JsonLine line = withFiles(event("node").with("cluster", cluster).with("node", node), files);
            event(line.with("authorityFile", authority.toString()));
            return;
        }
        String name = cluster.equals(NodeKeys.USUAL_CLUSTER) ? "" : Flag.CLUSTER_NAME + "=" + cluster + " ";
        write(name + Flag.NODE + "=" + node + " " + Flag.PEER_CERT + "=" + files.certificate() + " " + Flag.PEER_KEY
                + "=" + files.key() + " " + Flag.PEER_CA + "=" + authority);
    }

    private static JsonLine withFiles(JsonLine line, CertificateFiles files) {
        return line.with("certificateFile", files.certificate().toString())
                .with("keyFile", files.key().toString());
    }

    /** Reports a new key for a client. */
    void client(String name, String publicKey, Path keyFile) {
        if (json) {
            event(event("client").with("name", name).with("key", publicKey).with("keyFile", keyFile.toString()));
        } else {
            String separator = System.lineSeparator();
            String tableKey = name.indexOf('.') < 0 ? name : "\"" + name + "\""; // a dot would begin a table below it
            write("[clients." + tableKey + "]" + separator + "key = \"" + publicKey + "\"");
        }
    }

    /** Writes one option of {@code relay config}: a line, or with JSON the object. */
    void option(String line, JsonLine object) {
        write(json ? object.toString() : line);
    }

    /** Writes a line for people to standard error, so that standard output has only lines for scripts. Not with JSON or if quiet. */
    void note(String text) {
        if (json || quiet) return;
        err.println(text);
        err.flush();
    }

    /** Writes a line for people. Not with JSON. */
    void remark(String text) {
        if (!json) write(text);
    }

    /** Writes a text of several lines, such as the help text, which is never JSON. */
    void text(String text) {
        if (print(text)) return;
        throw new CommandFailure(
                ExitCode.FAILURE, "cannot write to standard output: its reader has ended, or the disk is full", null);
    }

    /** Returns the text form of an address, with the zeros of IPv6 left out. */
    static String literal(InetAddress address) {
        String literal = address.getHostAddress();
        return address instanceof Inet6Address ? literal.replaceFirst("(^|:)(0(:|$|(?=%))){2,}", "::") : literal;
    }

    private static String hostAndPort(InetSocketAddress address) {
        return Sockets.text(address.getHostString(), address.getPort());
    }

    private static JsonLine event(String name) {
        return new JsonLine().with("event", name);
    }

    private void event(JsonLine line) {
        write(line.toString());
    }

    private void write(String line) {
        text(line + System.lineSeparator()); // one call, so that lines of two threads do not mix
    }

    /** Writes at once; returns false if that failed. */
    private boolean print(String text) {
        progress.end();
        out.print(text);
        return !out.checkError(); // flushes
    }
}
