package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The same proxy for all servers. */
final class OneProxy extends ProxySelector {
    private static final int LONGEST_CREDENTIAL = 255; // bytes (RFC 1929)

    private final Proxy proxy;

    /** @throws IllegalArgumentException if it has no host and port */
    OneProxy(Proxy proxy) {
        if (!(proxy.address() instanceof InetSocketAddress address) || address.getPort() == 0) {
            throw new IllegalArgumentException("proxy is " + proxy + ", it must have a host and a port");
        }
        this.proxy = proxy;
    }

    /** @throws IllegalArgumentException if a proxy cannot be sent such credentials; the message does not show them */
    static void check(PasswordAuthentication credentials) {
        String user = credentials.getUserName() == null ? "" : credentials.getUserName();
        if (user.indexOf(':') >= 0) {
            throw new IllegalArgumentException("proxyCredentials: the user name has a colon, it must have none");
        }
        check("user name", user);
        check("password", new String(credentials.getPassword()));
    }

    private static void check(String what, String text) {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > LONGEST_CREDENTIAL) {
            throw new IllegalArgumentException("proxyCredentials: the " + what + " has " + length
                    + " bytes, it must have 1 to " + LONGEST_CREDENTIAL);
        }
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "proxyCredentials: the " + what + " has a control character, it must have none");
        }
    }

    @Override
    public List<Proxy> select(URI uri) {
        return List.of(proxy);
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
}
