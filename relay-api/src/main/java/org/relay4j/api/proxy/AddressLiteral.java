package org.relay4j.api.proxy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** IP addresses in text form. A host name is never looked up. */
public final class AddressLiteral {
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final Pattern IPV4 = Pattern.compile("(" + OCTET + "\\.){3}" + OCTET);
    private static final Pattern IPV6_CHARACTERS = Pattern.compile("[0-9a-fA-F:][0-9a-fA-F:.]{1,44}");

    private AddressLiteral() {}

    /**
     * Parses an IPv4 address of four decimal numbers, or an IPv6 address without a zone.
     *
     * @return null if the text is neither. An IPv4-mapped IPv6 address becomes an {@link java.net.Inet4Address}, as everywhere in Java
     */
    public static @Nullable InetAddress parse(String text) {
        boolean ipv4 = IPV4.matcher(text).matches();
        boolean perhapsIpv6 =
                text.indexOf(':') >= 0 && IPV6_CHARACTERS.matcher(text).matches();
        if (!ipv4 && !perhapsIpv6) return null;
        try {
            return InetAddress.getByName(text); // a text with these characters is never taken for a host name
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
