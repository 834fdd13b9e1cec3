package org.relay4j.client;

import java.io.EOFException;
import java.io.IOException;
import java.net.PasswordAuthentication;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.relay4j.api.RelayProxyException;

/** Asks an HTTP proxy for a connection, with the method CONNECT (RFC 9110, section 9.3.6). */
final class HttpConnect {
    /*
     * The head of the answer is read byte by byte, because what follows it belongs to the server. Its lines may end with LF alone.
     * After 2xx no field of the head means anything, not even Content-Length. 1xx announces another head.
     */

    /** The bound of all heads together. Unit: bytes. */
    static final int LONGEST_HEAD = 8 * 1024;

    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-9]\\d\\d)(?: (.*))?");
    private static final Pattern FIELD = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \\t]*(.*)");
    private static final Pattern SCHEME = Pattern.compile("(?:^|,)\\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=\\s|,|$)");

    private final Dialogue dialogue;
    private final ProxyRequest request;
    private final StringBuilder line = new StringBuilder(); // without its end
    private int length; // bytes of the heads so far

    private HttpConnect(Dialogue dialogue, ProxyRequest request) {
        this.dialogue = dialogue;
        this.request = request;
    }

    /**
     * Returns when the next byte in either direction is the server's. Blocks and throws as the dialogue does.
     *
     * @throws RelayProxyException if the proxy refuses, or is no HTTP proxy
     */
    static void run(Dialogue dialogue, ProxyRequest request) throws IOException {
        dialogue.write(head(request).getBytes(StandardCharsets.ISO_8859_1));
        new HttpConnect(dialogue, request).readAnswer();
    }

    private static String head(ProxyRequest request) {
        String server = request.server();
        PasswordAuthentication credentials = request.credentials();
        String authorization = credentials == null ? "" : "Proxy-Authorization: Basic " + basic(credentials) + "\r\n";
        return "CONNECT " + server + " HTTP/1.1\r\nHost: " + server + "\r\n" + authorization + "\r\n";
    }

    private static String basic(PasswordAuthentication credentials) {
        String both = credentials.getUserName() + ":" + new String(credentials.getPassword());
        return Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
    }

    private void readAnswer() throws IOException {
        while (true) {
            Matcher status = status();
            List<String> schemes = schemes();
            int code = Integer.parseInt(status.group(1));
            if (code >= 200 && code < 300) return;
            if (code >= 200 || code == 101)
                throw refusal(code, status.group(0).substring("HTTP/1.1 ".length()), schemes);
        }
    }

    private Matcher status() throws IOException {
        try {
            readLine();
        } catch (EOFException e) {
            if (line.isEmpty()) throw e;
        }
        Matcher status = STATUS.matcher(line.toString()); // the line changes
        if (status.matches()) return status;
        throw request.failure("is not an HTTP proxy: it answered " + ProxyRequest.quoted(line.toString())
                + "; check its address and its kind");
    }

    /** Reads the fields of a head, and returns the authentication schemes that the proxy offers, in lower case. */
    private List<String> schemes() throws IOException {
        List<String> schemes = new ArrayList<>();
        for (readLine(); !line.isEmpty(); readLine()) {
            Matcher field = FIELD.matcher(line.toString());
            if (!field.matches()) {
                throw request.failure("sent a malformed HTTP header: " + ProxyRequest.quoted(line.toString()));
            }
            if (!field.group(1).equalsIgnoreCase("Proxy-Authenticate")) continue;
            Matcher scheme = SCHEME.matcher(field.group(2));
            while (scheme.find()) schemes.add(scheme.group(1).toLowerCase(Locale.ROOT));
        }
        return schemes;
    }

    private void readLine() throws IOException {
        line.setLength(0);
        for (byte next; (next = dialogue.read()) != '\n'; ) {
            if (++length >= LONGEST_HEAD) {
                throw request.failure(
                        "is not an HTTP proxy: the head of its answer is longer than " + LONGEST_HEAD + " bytes");
            }
            line.append((char) (next & 0xFF));
        }
        length++;
        int last = line.length() - 1;
        if (last >= 0 && line.charAt(last) == '\r') line.setLength(last);
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7F) {
                throw request.failure("is not an HTTP proxy: it answered " + ProxyRequest.quoted(line.toString()));
            }
        }
    }

    private RelayProxyException refusal(int code, String status, List<String> schemes) {
        String answer = " (HTTP " + ProxyRequest.printable(status) + ")";
        String server = request.server();
        return switch (code) {
            case 401, 407 -> unauthorized(answer, schemes); // tinyproxy answers 401 to a wrong password
            case 403, 405 ->
                request.failure("does not allow connections to " + server + answer
                        + "; ask its operator, or use port 443 of the server if it has one");
            case 502, 503, 504 ->
                request.failure(
                        "cannot reach " + server + answer + "; check the address and that the relay server is running");
            default -> request.failure("refused to connect to " + server + answer + "; ask its operator");
        };
    }

    private RelayProxyException unauthorized(String answer, List<String> schemes) {
        if (!schemes.isEmpty() && !schemes.contains("basic")) {
            String offered = ProxyRequest.printable(String.join(", ", schemes));
            return request.credentialsFailure("requires another authentication than Basic" + answer + ": " + offered
                    + "; ask its operator for Basic, or an exception for this server");
        }
        return request.credentials() == null
                ? request.credentialsFailure(
                        "requires a user name and a password" + answer + "; set the option proxyCredentials")
                : request.credentialsFailure(
                        "does not accept the user name and the password" + answer + "; check both");
    }
}
