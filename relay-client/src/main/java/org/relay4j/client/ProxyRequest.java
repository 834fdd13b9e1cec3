package org.relay4j.client;

import java.net.IDN;
import java.net.InetAddress;
import java.net.PasswordAuthentication;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayProxyException;
import org.relay4j.yamux.io.Sockets;

/**
 * What a proxy is asked for: a connection to a relay server, whose name the proxy resolves.
 *
 * @param proxy host and port of the proxy, for messages
 * @param host the server: a name in ASCII, or a literal address without brackets and scope
 * @param port of the server
 * @param credentials what the proxy receives if it asks; null for none
 */
record ProxyRequest(
        String proxy, String host, int port, @Nullable PasswordAuthentication credentials) {
    // Nothing else gets into a line for the proxy: no space, no line break, no scope of this machine.
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}|(?=[^:]*:)[0-9A-Fa-f:.]{2,45}");

    private static final int LONGEST_QUOTE = 120; // characters of the proxy in a message

    /**
     * Creates a request.
     *
     * @throws RelayProxyException if a proxy cannot be asked for such a host
     */
    static ProxyRequest of(String proxy, String host, int port, @Nullable PasswordAuthentication credentials)
            throws RelayProxyException {
        String ascii = ascii(host);
        if (!HOST.matcher(ascii).matches() || !isAddressOrName(ascii)) {
            throw new RelayProxyException(
                    "a proxy cannot be asked for the host " + quoted(host)
                            + "; use a host name, or an address without a scope",
                    false,
                    null);
        }
        return new ProxyRequest(proxy, ascii, port, credentials);
    }

    /** Returns the host in the form that is sent, if it has one. */
    static String ascii(String host) {
        try {
            return IDN.toASCII(host);
        } catch (IllegalArgumentException e) {
            return host;
        }
    }

    /** Looks at literal addresses only: nothing is resolved. */
    private static boolean isAddressOrName(String host) {
        try {
            return host.indexOf(':') < 0 || InetAddress.getByName(host) != null;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    /** Returns host and port of the server. */
    String server() {
        return Sockets.text(host, port);
    }

    /** Returns whether the server is given by its IPv6 address. */
    boolean isIpv6() {
        return host.indexOf(':') >= 0;
    }

    /** The proxy has refused, or does not behave like one. */
    RelayProxyException failure(String what) {
        return new RelayProxyException("the proxy " + proxy + " " + what, false, null);
    }

    /** The proxy wants credentials, or other ones. */
    RelayProxyException credentialsFailure(String what) {
        return new RelayProxyException("the proxy " + proxy + " " + what, true, null);
    }

    /** Returns text of the proxy for a message: printable and not long. */
    static String printable(String text) {
        String printable = text.replaceAll("[^\\p{Print}]", "?");
        return printable.length() > LONGEST_QUOTE ? printable.substring(0, LONGEST_QUOTE) + "..." : printable;
    }

    /** Returns text of the proxy for a message: in quotes, printable and not long. */
    static String quoted(String text) {
        return "\"" + printable(text) + "\"";
    }

    /** Never shows the credentials. */
    @Override
    public String toString() {
        return server() + " through the proxy " + proxy;
    }
}
