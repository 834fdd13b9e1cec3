package org.relay4j.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.relay4j.api.proxy.AddressLiteral;

/** The host names and addresses that a certificate is for. */
final class CertificateHosts {
    private static final int LONGEST = 253; // characters of a host name

    // labels of letters, digits and dashes, after an optional *.
    private static final Pattern NAME = Pattern.compile(
            "(\\*\\.)?(LABEL\\.)*LABEL".replace("LABEL", "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"));
    private static final Pattern DIGITS_AND_DOTS = Pattern.compile("[0-9.]+");

    private CertificateHosts() {}

    /**
     * Returns the names of this machine: localhost, its addresses, and the host name. The addresses of its networks are left
     * out, because anyone who connects can read a certificate.
     */
    static List<String> ofThisMachine() {
        Set<String> hosts = new LinkedHashSet<>();
        try {
            String name = InetAddress.getLocalHost().getHostName();
            if (isName(name)) hosts.add(name);
        } catch (UnknownHostException e) {
            // a machine without a name
        }
        hosts.addAll(List.of("localhost", "127.0.0.1", "::1"));
        return List.copyOf(hosts);
    }

    /** Parses a comma-separated list. An IPv6 address may have brackets. */
    static List<String> parse(Value value) {
        List<String> hosts = new ArrayList<>();
        for (String part : value.list()) {
            String host = part;
            if (host.startsWith("[") && host.endsWith("]")) host = host.substring(1, host.length() - 1);
            if (!isName(host) && !isAddress(host)) {
                throw new Value(value.name(), part).mustBe("a host name such as relay.example.com, or an IP address");
            }
            if (!hosts.contains(host)) hosts.add(host);
        }
        return hosts;
    }

    static boolean isAddress(String host) {
        return AddressLiteral.parse(host) != null;
    }

    private static boolean isName(String host) {
        return host.length() <= LONGEST
                && NAME.matcher(host).matches()
                && !DIGITS_AND_DOTS.matcher(host).matches();
    }
}
