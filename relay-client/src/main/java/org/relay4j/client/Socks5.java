package org.relay4j.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.PasswordAuthentication;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;
import org.relay4j.api.RelayProxyException;

/** Asks a SOCKS 5 proxy for a connection (RFC 1928), with a user name and a password if it wants them (RFC 1929). */
final class Socks5 {
    /*
     * Every answer is read to its last byte and no further, because what follows the reply belongs to the server. A refusal is
     * reported from its second byte: some proxies close the connection behind it.
     */
    private static final int VERSION = 5;
    private static final int CONNECT = 1;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int NO_AUTHENTICATION = 0;
    private static final int PASSWORD = 2;
    private static final int NONE_ACCEPTABLE = 0xFF;
    private static final int PASSWORD_VERSION = 1;

    private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
    private static final Pattern IPV4_ADDRESS = Pattern.compile(OCTET + "(?:\\." + OCTET + "){3}");

    private final Dialogue dialogue;
    private final ProxyRequest request;

    private Socks5(Dialogue dialogue, ProxyRequest request) {
        this.dialogue = dialogue;
        this.request = request;
    }

    /**
     * Returns when the next byte in either direction is the server's. Blocks and throws as the dialogue does.
     *
     * @throws RelayProxyException if the proxy refuses, or is no SOCKS 5 proxy
     */
    static void run(Dialogue dialogue, ProxyRequest request) throws IOException {
        Socks5 socks = new Socks5(dialogue, request);
        socks.authenticate();
        socks.connect();
    }

    private void authenticate() throws IOException {
        PasswordAuthentication credentials = request.credentials();
        dialogue.write(
                credentials == null
                        ? new byte[] {VERSION, 1, NO_AUTHENTICATION}
                        : new byte[] {VERSION, 2, NO_AUTHENTICATION, PASSWORD});
        readVersion(VERSION);
        int method = read();
        if (method == NO_AUTHENTICATION) return;
        if (method == PASSWORD && credentials != null) {
            prove(credentials);
            return;
        }
        if (method != NONE_ACCEPTABLE) throw malformed("authentication method " + method + ", which was not offered");
        throw request.credentialsFailure(
                credentials == null
                        ? "requires authentication; set the option proxyCredentials"
                        : "requires another authentication than a user name and a password; ask its operator");
    }

    private void prove(PasswordAuthentication credentials) throws IOException {
        byte[] user = credentials.getUserName().getBytes(StandardCharsets.UTF_8);
        byte[] password = new String(credentials.getPassword()).getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.write(PASSWORD_VERSION);
        message.write(user.length); // at most 255 bytes, as RelayClientOptions checks
        message.writeBytes(user);
        message.write(password.length);
        message.writeBytes(password);
        dialogue.write(message.toByteArray());
        readVersion(PASSWORD_VERSION);
        if (read() != 0) {
            throw request.credentialsFailure("does not accept the user name and the password; check both");
        }
    }

    private void connect() throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(new byte[] {VERSION, CONNECT, 0});
        boolean literal =
                request.isIpv6() || IPV4_ADDRESS.matcher(request.host()).matches();
        if (literal) {
            byte[] address = InetAddress.getByName(request.host()).getAddress(); // a literal, so nothing is resolved
            message.write(address.length == 4 ? IPV4 : IPV6);
            message.writeBytes(address);
        } else {
            byte[] name = request.host().getBytes(StandardCharsets.US_ASCII);
            message.write(NAME);
            message.write(name.length);
            message.writeBytes(name);
        }
        message.write(request.port() >> 8);
        message.write(request.port());
        dialogue.write(message.toByteArray());
        readReply();
    }

    private void readReply() throws IOException {
        readVersion(VERSION);
        int reply = read();
        if (reply != 0) throw refusal(reply);
        int reserved = read();
        if (reserved != 0) throw malformed("a reply whose third byte is " + reserved);
        int type = read();
        int length = switch (type) {
            case IPV4 -> 4;
            case IPV6 -> 16;
            case NAME -> read();
            default -> throw malformed("address type " + type);
        };
        for (int i = 0; i < length + 2; i++) read(); // its own address and port, which are of no use
    }

    private RelayProxyException refusal(int reply) {
        String server = request.server();
        String unreachable = "; check the address and that the relay server is running";
        return switch (reply) {
            case 1 -> request.failure("reports a general failure for " + server + unreachable);
            case 2 ->
                request.failure("does not allow connections to " + server
                        + "; ask its operator, or use port 443 of the server if it has one");
            case 3 -> request.failure("cannot reach " + server + ": network unreachable" + unreachable);
            case 4 -> request.failure("cannot reach " + server + ": host unreachable" + unreachable);
            case 5 -> request.failure("cannot reach " + server + ": connection refused" + unreachable);
            case 6 -> request.failure("cannot reach " + server + ": time to live expired" + unreachable);
            case 7 -> request.failure("does not support connections to other hosts");
            case 8 ->
                request.failure("does not support the address of " + server
                        + "; use a host name or an address of the other kind");
            default -> request.failure("refused to connect to " + server + ": unknown reply " + reply);
        };
    }

    private void readVersion(int expected) throws IOException {
        int version = read();
        if (version == expected) return;
        String hint = version == 'H' ? ", it speaks HTTP" : "";
        throw malformed("version " + version + hint);
    }

    private int read() throws IOException {
        return dialogue.read() & 0xFF;
    }

    private RelayProxyException malformed(String answer) {
        return request.failure(
                "is not a SOCKS 5 proxy: it answered with " + answer + "; check its address and its kind");
    }
}
