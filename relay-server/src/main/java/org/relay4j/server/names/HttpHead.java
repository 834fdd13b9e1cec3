package org.relay4j.server.names;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Reads the host from the head of an HTTP/1.0 or HTTP/1.1 request. */
final class HttpHead implements OpeningReader {
    /*
     * RFC 9112, without what it tolerates: whatever two servers could understand in different ways is refused, so that the
     * service behind the tunnel never sees another host than this server. Each byte is looked at once, and each line when it is
     * complete. The body, and headers that say how long it is, do not matter, because the whole connection goes to one tunnel.
     */

    private int line; // position of the present line
    private int at; // position of the next byte
    private boolean begun; // the request line is complete
    private boolean hostRequired; // by HTTP/1.1
    private String target = ""; // path and query
    private @Nullable String authority; // of the target
    private @Nullable String host; // value of the header

    @Override
    public @Nullable Opening read(byte[] bytes, int length) {
        while (at < length) {
            byte next = bytes[at];
            if (next == '\n') return Opening.refused(Fault.LINE_END);
            if (next == '\r') {
                if (at + 1 == length) return null;
                if (bytes[at + 1] != '\n') return Opening.refused(Fault.LINE_END);
                if (at == line && begun) return complete();
                Fault fault = line(new String(bytes, line, at - line, StandardCharsets.ISO_8859_1));
                if (fault != null) return Opening.refused(fault);
                at += 2;
                line = at;
            } else {
                if ((next >= 0 && next < ' ' && next != '\t') || next == 0x7F) {
                    return Opening.refused(Fault.CONTROL_CHARACTER);
                }
                at++;
            }
        }
        return null;
    }

    private @Nullable Fault line(String text) {
        if (begun) return header(text);
        begun = true;
        return requestLine(text);
    }

    private @Nullable Fault requestLine(String text) {
        int first = text.indexOf(' ');
        int second = text.indexOf(' ', first + 1);
        if (first < 0 || second < 0 || text.indexOf('\t') >= 0) return Fault.REQUEST_LINE;
        String method = text.substring(0, first);
        String version = text.substring(second + 1);
        if (!HostText.isToken(method)) return Fault.REQUEST_LINE;
        hostRequired = version.equals("HTTP/1.1");
        if (!hostRequired && !version.equals("HTTP/1.0")) return Fault.REQUEST_LINE;
        if (method.equals("CONNECT")) return Fault.METHOD_CONNECT;
        return target(text.substring(first + 1, second), method);
    }

    private @Nullable Fault target(String text, String method) {
        target = text;
        if (text.startsWith("/")) return null;
        if (text.equals("*")) return method.equals("OPTIONS") ? null : Fault.REQUEST_LINE;
        int start = startsWith(text, "http://") ? 7 : startsWith(text, "https://") ? 8 : -1;
        if (start < 0) return Fault.REQUEST_LINE;
        int end = start;
        while (end < text.length() && "/?#\\".indexOf(text.charAt(end)) < 0) end++;
        authority = text.substring(start, end);
        String rest = text.substring(end);
        target = rest.startsWith("/") ? rest : "/" + rest;
        return null;
    }

    private static boolean startsWith(String text, String prefix) {
        return text.regionMatches(true, 0, prefix, 0, prefix.length());
    }

    private @Nullable Fault header(String text) {
        char first = text.charAt(0); // an empty line ends the head
        if (first == ' ' || first == '\t') return Fault.FOLDED_HEADER;
        int colon = text.indexOf(':');
        if (colon < 0) return Fault.HEADER;
        String name = text.substring(0, colon);
        if (!HostText.isToken(name)) return Fault.HEADER;
        if (!name.equalsIgnoreCase("host")) return null;
        if (host != null) return Fault.SEVERAL_HOSTS;
        host = trimmed(text, colon + 1);
        return null;
    }

    private static String trimmed(String text, int start) {
        int from = start;
        int end = text.length();
        while (from < end && isSpace(text.charAt(from))) from++;
        while (from < end && isSpace(text.charAt(end - 1))) end--;
        return text.substring(from, end);
    }

    private static boolean isSpace(char c) {
        return c == ' ' || c == '\t';
    }

    private Opening complete() {
        String text = host;
        if (text == null) {
            if (hostRequired || authority != null) return Opening.refused(Fault.NO_HOST);
            return Opening.ofHttp("", target);
        }
        String name = HostText.nameOf(text);
        if (name == null) return Opening.refused(Fault.HOST);
        if (authority != null && !authority.equalsIgnoreCase(text)) return Opening.refused(Fault.OTHER_TARGET);
        return Opening.ofHttp(name, target);
    }
}
