package org.relay4j.cli;

import java.io.PrintStream;
import java.net.Inet6Address;
import java.net.InetAddress;

/** Standard output: the few lines that people and scripts wait for, each complete and flushed at once. */
final class Output {
    private final PrintStream out;
    private final boolean json;

    Output(PrintStream out, boolean json) {
        this.out = out;
        this.json = json;
    }

    /** The server takes clients. */
    void listening(String address, int port) {
        if (json) {
            write("{\"event\":\"listening\",\"address\":" + quoted(address) + ",\"port\":" + port + "}");
        } else {
            write("listening on " + bracketed(address) + ":" + port);
        }
    }

    /** The forwarder takes visitors. */
    void relaying(String publicHost, int publicPort, String localHost, int localPort) {
        if (json) {
            write("{\"event\":\"relaying\",\"publicHost\":" + quoted(publicHost) + ",\"publicPort\":" + publicPort
                    + ",\"localHost\":" + quoted(localHost) + ",\"localPort\":" + localPort + "}");
        } else {
            write("relaying " + bracketed(publicHost) + ":" + publicPort + " -> " + bracketed(localHost) + ":"
                    + localPort);
        }
    }

    /** The demo explains what has happened. */
    void step(int number, String text) {
        if (json) write("{\"event\":\"step\",\"number\":" + number + ",\"text\":" + quoted(text) + "}");
        else write(number + ". " + text);
    }

    /** The demo's web page is reachable. */
    void url(String url) {
        if (json) write("{\"event\":\"url\",\"url\":" + quoted(url) + "}");
        else write(System.lineSeparator() + "The page, through the tunnel: " + url);
    }

    /** Something for people only: no line in JSON. */
    void remark(String text) {
        if (!json) write(text);
    }

    /** An address as people write it: IPv6 with its zeros left out. */
    static String literal(InetAddress address) {
        String literal = address.getHostAddress();
        return address instanceof Inet6Address ? literal.replaceFirst("(^|:)(0(:|$|(?=%))){2,}", "::") : literal;
    }

    private static String bracketed(String host) {
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }

    private void write(String line) {
        out.print(line + System.lineSeparator()); // one call, so that lines of two threads do not mix
        out.flush();
    }
}
