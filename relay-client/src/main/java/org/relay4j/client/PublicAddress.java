package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.AddressLiteral;

/** The address for the visitors of an endpoint, as a server states it. */
final class PublicAddress {
    private static final int HTTPS = 443; // the usual port of names
    private static final Pattern HOST_PORT =
            Pattern.compile("(?:\\[([0-9a-fA-F:.]+)]|([A-Za-z0-9._-]*))(?::([0-9]{1,5}))?");
    private static final Pattern LIKE_IPV4 = Pattern.compile("[0-9.]+");

    private PublicAddress() {}

    /**
     * Returns the address. Nothing is resolved: a host name gets the IP address of the server, if that is known.
     *
     * @param text host and port, each of which may be missing; null if the server has stated nothing
     * @param server the server with any port, and with the host as this client knows it
     * @throws IllegalArgumentException if the text is malformed
     */
    static InetSocketAddress of(@Nullable String text, InetSocketAddress server, Endpoint endpoint) {
        Matcher parts = HOST_PORT.matcher(text == null ? "" : text);
        if (!parts.matches()) throw malformed(text);
        String stated = parts.group(3);
        int port = stated != null
                ? Integer.parseInt(stated)
                : endpoint.kind() == Endpoint.Kind.HOST ? HTTPS : endpoint.number();
        if (port < 1 || port > 65_535) throw malformed(text);
        String host = parts.group(1) != null ? parts.group(1) : parts.group(2);
        if (host.isEmpty()) host = endpoint.name();
        InetAddress known = server.getAddress();
        if (known == null)
            return InetSocketAddress.createUnresolved(host.isEmpty() ? server.getHostString() : host, port);
        if (host.isEmpty()) return new InetSocketAddress(known, port);
        try {
            InetAddress literal = AddressLiteral.parse(host);
            boolean mustBeLiteral =
                    parts.group(1) != null || LIKE_IPV4.matcher(host).matches();
            if (literal == null && mustBeLiteral) throw malformed(text);
            return new InetSocketAddress(
                    literal != null ? literal : InetAddress.getByAddress(host, known.getAddress()), port);
        } catch (UnknownHostException e) {
            throw malformed(text);
        }
    }

    private static IllegalArgumentException malformed(@Nullable String text) {
        return new IllegalArgumentException("'" + text + "' is not a public address");
    }
}
