package org.relay4j.server;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.relay4j.api.proxy.AddressLiteral;

/**
 * Lists of networks whose addresses are allowed and denied. A denied address stays denied even if it is also allowed. Without allowed
 * networks every address is allowed that is not denied. Immutable.
 */
final class AddressFilter {
    /** A filter that allows every address. */
    static final AddressFilter OFF = new AddressFilter(List.of(), List.of());

    /** Networks in one list. */
    static final int MOST = 1_000;

    private static final Pattern NETWORK = Pattern.compile("([^/]+)(?:/([0-9]{1,3}))?");

    private final List<Network> allowed;
    private final List<Network> denied;

    /** Addresses that have the first {@code bits} in common with {@code address}, all whose other bits are 0. */
    private static final class Network {
        private final byte[] address;
        private final int bits;

        Network(byte[] address, int bits) {
            this.address = address;
            this.bits = bits;
        }

        boolean contains(byte[] other) {
            return other.length == address.length && Arrays.equals(masked(other, bits), address);
        }
    }

    /**
     * @param allowed networks such as {@code 192.0.2.0/24} or {@code 2001:db8::/32}, or single addresses
     * @throws IllegalArgumentException if one is malformed; the message names it and the remedy
     */
    AddressFilter(List<String> allowed, List<String> denied) {
        this.allowed = networks(allowed);
        this.denied = networks(denied);
    }

    private static List<Network> networks(List<String> texts) {
        if (texts.size() > MOST) {
            throw new IllegalArgumentException(
                    "a list of networks has " + texts.size() + " entries, the maximum is " + MOST);
        }
        return texts.stream().map(AddressFilter::network).toList();
    }

    private static Network network(String text) {
        Matcher parts = NETWORK.matcher(text);
        InetAddress parsed = parts.matches() ? AddressLiteral.parse(parts.group(1)) : null;
        if (parsed == null)
            throw malformed(text, "expected an address or network, such as 192.0.2.0/24 or 2001:db8::/32");
        byte[] address = parsed.getAddress();
        int most = address.length * 8;
        int bits = most;
        if (parts.group(2) != null) {
            bits = Integer.parseInt(parts.group(2));
            if (address.length == 4 && parts.group(1).indexOf(':') >= 0) bits -= 96; // an IPv4-mapped IPv6 network
        }
        if (bits < 0 || bits > most) throw malformed(text, "its prefix length is out of range");
        byte[] first = masked(address, bits);
        if (!Arrays.equals(first, address)) {
            throw malformed(text, "it has bits beyond its prefix; write " + text(first) + "/" + bits);
        }
        return new Network(address, bits);
    }

    private static String text(byte[] address) {
        try {
            return InetAddress.getByAddress(address).getHostAddress();
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // the length is right
        }
    }

    private static IllegalArgumentException malformed(String text, String why) {
        return new IllegalArgumentException("\"" + text + "\" is not a network: " + why);
    }

    /** The first bits of an address; the others are 0. */
    private static byte[] masked(byte[] address, int bits) {
        byte[] masked = new byte[address.length];
        int whole = bits / 8;
        System.arraycopy(address, 0, masked, 0, whole);
        if (bits % 8 != 0) masked[whole] = (byte) (address[whole] & (0xFF00 >> (bits % 8)));
        return masked;
    }

    /** Returns true if this filter has no networks, so that it allows every address. */
    boolean isOff() {
        return allowed.isEmpty() && denied.isEmpty();
    }

    /** Returns true if connections from this address are allowed. */
    boolean allows(InetAddress address) {
        if (isOff()) return true;
        byte[] bytes = address.getAddress();
        if (contains(denied, bytes)) return false;
        return allowed.isEmpty() || contains(allowed, bytes);
    }

    private static boolean contains(List<Network> networks, byte[] address) {
        for (Network network : networks) {
            if (network.contains(address)) return true;
        }
        return false;
    }
}
