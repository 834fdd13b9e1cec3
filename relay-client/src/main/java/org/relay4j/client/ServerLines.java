package org.relay4j.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.LeaseWord;
import org.relay4j.api.control.PortLine;
import org.relay4j.yamux.io.TlsWire;
import org.relay4j.yamux.io.Wire;

/** The lines before yamux: TLS, the server's first line, and the request after HELLO. */
final class ServerLines {
    /*
     * The server's first line decides. After a port line, yamux starts. After HELLO, the client sends its request, and the server
     * answers OK or ERR. A client without a request understands both.
     */
    private static final String HELLO = "HELLO";
    private static final String OK = "OK";
    private static final String VISITOR_ADDRESS = "visitor-address";
    private static final String NONE = "none";
    static final String DRAIN = "drain";

    private final String server; // for messages
    private final Conversation conversation;
    private final RelayClientOptions options;
    private final byte[] line = new byte[ControlLine.LONGEST];
    private int length; // of the line

    ServerLines(String server, Conversation conversation, RelayClientOptions options) {
        this.server = server;
        this.conversation = conversation;
        this.options = options;
    }

    /**
     * Exchanges the lines before yamux. Blocks as {@link Conversation} does.
     *
     * @throws RelayException a subclass that identifies the failure
     */
    Grant open(Wire wire, ControlLine request) throws IOException {
        ClientTls tls = options.tls();
        String binding = tls != null && wire instanceof TlsWire encrypted ? encrypt(encrypted, tls) : "none";
        readLine();
        if (!isHello()) {
            PortLine answer = portLine();
            refuseIfBase();
            return Grant.of(answer.port());
        }
        String hello = text();
        parsed(); // it is checked like any other line
        ClientIdentity identity = options.identity();
        byte[] answer = (identity == null ? request : identity.prove(hello, request, binding)).encode();
        exchange(() -> conversation.write(answer));
        readLine();
        return grant(request);
    }

    /** Verifies the server, and returns its first line. Blocks and throws as {@link #open} does. */
    String greeting(Wire wire) throws IOException {
        ClientTls tls = options.tls();
        if (tls != null && wire instanceof TlsWire encrypted) encrypt(encrypted, tls);
        readLine();
        if (isHello()) parsed();
        else {
            portLine();
            refuseIfBase();
        }
        return text();
    }

    // ---- TLS

    /** Returns the SHA-256 of the server's certificate, in hexadecimal digits. */
    private String encrypt(TlsWire wire, ClientTls tls) throws IOException {
        try {
            conversation.handshake(wire);
            return tls.verified(wire.engine());
        } catch (SocketTimeoutException e) {
            throw new RelayUnreachableException(
                    server + " did not complete the TLS handshake within " + Dial.seconds(options.handshakeTimeout()),
                    e);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (SSLException e) {
            throw TlsFailure.of(server, e);
        } catch (IOException e) {
            throw new RelayUnreachableException(
                    server + " closed the connection during the TLS handshake; check that it speaks TLS", e);
        }
    }

    // ---- lines

    private void readLine() throws IOException {
        length = 0;
        exchange(() -> {
            for (byte next; (next = conversation.read()) != '\n'; ) append(next);
        });
    }

    private void append(byte next) throws RelayProtocolException {
        boolean full = length == PortLine.LONGEST && !isHello() && !startsWith(OK);
        if (full || length == ControlLine.LONGEST - 1) {
            throw new RelayProtocolException(
                    server + " is not a relay server: its first line is longer than " + length + " bytes", null);
        }
        line[length++] = next;
        if (isTlsAlert()) {
            throw new RelayProtocolException(
                    server + " speaks TLS, but this client does not; set the option tls", null);
        }
    }

    /** Reads or writes a line. */
    private interface Exchange {
        void run() throws IOException;
    }

    private void exchange(Exchange exchange) throws IOException {
        try {
            exchange.run();
        } catch (SocketTimeoutException e) {
            throw new RelayUnreachableException(
                    server + " did not assign a port within " + Dial.seconds(options.handshakeTimeout()), e);
        } catch (EOFException e) {
            throw new RelayUnreachableException(server + " closed the connection before it assigned a port", null);
        } catch (InterruptedIOException | RelayException e) {
            throw e;
        } catch (SSLException e) {
            throw TlsFailure.of(server, e); // TLS 1.3 refuses a client certificate after the handshake
        } catch (IOException e) {
            throw new RelayUnreachableException(
                    server + " closed the connection before it assigned a port: " + Dial.text(e), e);
        }
    }

    private boolean isHello() {
        return startsWith(HELLO);
    }

    private boolean startsWith(String word) {
        int end = word.length();
        if (length < end || (length > end && line[end] != ' ')) return false;
        return text().startsWith(word);
    }

    /** Returns whether the bytes are a TLS record with an alert: type 21, version 3.0 to 3.4, length 2. */
    private boolean isTlsAlert() {
        return length == 7
                && line[0] == 21
                && line[1] == 3
                && line[2] >= 0
                && line[2] <= 4
                && line[3] == 0
                && line[4] == 2;
    }

    private String text() {
        return new String(line, 0, length, StandardCharsets.ISO_8859_1);
    }

    // ---- the request and its answer

    /** Returns the request of these options to a server that sends HELLO. */
    static ControlLine request(RelayClientOptions options) {
        ControlLine request = ControlLine.of("RELAY/1");
        if (options.severalEndpoints()) request = request.with("port", NONE);
        else if (options.publicPort() != 0) request = request.with("port", options.publicPort());
        return options.needsVisitorAddresses() ? request.with(VISITOR_ADDRESS) : request;
    }

    private Grant grant(ControlLine request) throws RelayException {
        if (!startsWith(OK)) {
            portLine(); // a refusal
            throw noRelayServer(quoted(), null);
        }
        ControlLine answer = parsed();
        int port = port(answer);
        if (port < 0) throw noRelayServer(quoted(), null);
        boolean granted = answer.has(VISITOR_ADDRESS);
        if (granted && !options.needsVisitorAddresses()) {
            throw noRelayServer("\"visitor-address\", which was not requested,", null);
        }
        if (!granted && options.needsVisitorAddresses()) {
            throw new RelayProtocolException(
                    server + " does not pass on the addresses of visitors; do without the option " + visitorOption(),
                    null);
        }
        Grant.Offers offers = new Grant.Offers(
                answer.has(DRAIN) && request.has(DRAIN), answer.has("seen"), answer.value("node") != null);
        String lease = answer.value("lease");
        int connection = answer.number("connection");
        String site = answer.value("public");
        if (lease == null) return new Grant(port, site, null, connection, offers);
        int ttl = answer.number("ttl");
        if (!LeaseWord.isValid(lease) || ttl < 0) throw noRelayServer("a malformed lease", null);
        return new Grant(port, site, new Grant.Leased(lease, Duration.ofSeconds(ttl)), connection, offers);
    }

    /** Returns the public port; 0 if the tunnel has none of its own; negative if the answer is malformed. */
    private int port(ControlLine answer) {
        int port = answer.number("port");
        if (!options.severalEndpoints()) return port < 1 || port > 65_535 ? -1 : port;
        return answer.has("port") && !NONE.equals(answer.value("port")) ? -1 : 0;
    }

    private void refuseIfBase() throws RelayProtocolException {
        String needed;
        if (options.identity() != null) needed = "identity";
        else if (options.publicPort() != 0) needed = "publicPort";
        else if (options.leaseFile() != null) needed = "leaseFile";
        else if (options.severalEndpoints()) {
            throw new RelayProtocolException(
                    server
                            + " speaks only the base protocol on this port, but a tunnel with several endpoints needs the extended"
                            + " one; use a TLS port of the server, or start it with the option extended",
                    null);
        } else if (options.needsVisitorAddresses()) needed = visitorOption();
        else if (options.connections() > 1) needed = "connections";
        else return;
        throw new RelayProtocolException(
                server + " speaks only the base protocol on this port, but the option " + needed
                        + " needs the extended one; use a TLS port of the server, or start it with the option extended",
                null);
    }

    private String visitorOption() {
        return options.proxyProtocol() != null ? "proxyProtocol" : "visitorAddresses";
    }

    private PortLine portLine() throws RelayException {
        PortLine answer;
        try {
            answer = PortLine.parse(line, length);
        } catch (IllegalArgumentException e) {
            throw noRelayServer(String.valueOf(e.getMessage()), e);
        }
        String code = answer.code();
        if (code == null) return answer;
        String detail = answer.detail().isEmpty() ? "" : ": " + answer.detail();
        throw new RelayRefusedException(server + " refused, " + code + detail, code, answer.detail());
    }

    private ControlLine parsed() throws RelayProtocolException {
        try {
            return ControlLine.parse(line, length);
        } catch (IllegalArgumentException e) {
            throw noRelayServer(quoted(), e);
        }
    }

    private String quoted() {
        return "\"" + text().replaceAll("[^\\p{Print}]", "?") + "\"";
    }

    private RelayProtocolException noRelayServer(String answer, @Nullable Throwable cause) {
        return new RelayProtocolException(
                server + " is not a relay server: it answered " + answer + " instead of a port", cause);
    }
}
