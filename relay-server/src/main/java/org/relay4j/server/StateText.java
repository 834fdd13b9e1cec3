package org.relay4j.server;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ControlLine;

/** The format of a state file. */
final class StateText {
    /*
     *   # <comment>
     *   relay-state version=1
     *   tunnel id=<id> port=<port> [name=<name>] client=<address>/<port> [visitor-address] connections=<n> leases=<hash>[,...]
     *   endpoint <endpoint>
     *   end tunnels=<n>
     *
     * A tunnel has port=none if its client has asked for none, and is followed by the lines of its other endpoints. The lines have
     * the grammar of control lines, with stricter rules: no unknown words, no repeated id or endpoint. The last line shows that the
     * file is complete.
     */

    private static final int MOST_TUNNELS = 65_535; // more than a server can have
    private static final int LONGEST_LINE = 512; // bytes; more than a line of KeptTunnel can have
    private static final int MOST_ENDPOINTS = 4 * MOST_TUNNELS; // in all, without the ports of first requests

    /** Size of the largest file. Unit: bytes. */
    static final int LARGEST = (MOST_TUNNELS + MOST_ENDPOINTS + 3) * LONGEST_LINE;

    private static final String COMMENT = "# Tunnels that a relay server keeps for its next process: hashes of their"
            + " leases, no secrets. Change it only while the server is stopped.\n";
    private static final String ENDPOINT = "endpoint";
    private static final ControlLine HEAD = ControlLine.of("relay-state").with("version", 1);

    private final byte[] bytes;
    private int position;
    private int line; // number of the last one read

    private StateText(byte[] bytes) {
        this.bytes = bytes;
    }

    /** The content is not that of a state file. The message says where and why. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        private Malformed(String message) {
            super(message);
        }
    }

    static void write(Collection<KeptTunnel> tunnels, OutputStream out) throws IOException {
        out.write(COMMENT.getBytes(StandardCharsets.US_ASCII));
        out.write(HEAD.encode());
        for (KeptTunnel tunnel : tunnels) {
            out.write(tunnel.line().encode());
            for (Endpoint other : tunnel.others()) {
                out.write(ControlLine.of(ENDPOINT).with(other.toString()).encode());
            }
        }
        out.write(end(tunnels.size()).encode());
    }

    private static ControlLine end(int tunnels) {
        return ControlLine.of("end").with("tunnels", tunnels);
    }

    /** Returns the tunnels of a file with these bytes, in its order. */
    static List<KeptTunnel> parse(byte[] bytes) throws Malformed {
        if (bytes.length > LARGEST) throw new Malformed("it is larger than " + LARGEST + " bytes");
        return new StateText(bytes).tunnels();
    }

    private List<KeptTunnel> tunnels() throws Malformed {
        while (position < bytes.length && bytes[position] == '#') skipLine();
        ControlLine head = next();
        if (!head.keyword().equals(HEAD.keyword())) throw malformed("the file is not a state file");
        if (!head.toString().equals(HEAD.toString())) throw malformed("the version is not 1");
        Map<String, KeptTunnel> tunnels = new LinkedHashMap<>();
        Set<Endpoint> endpoints = new HashSet<>();
        KeptTunnel last = null;
        ControlLine next = next();
        while (!next.keyword().equals("end")) {
            if (last != null && next.keyword().equals(ENDPOINT)) {
                Endpoint other = endpoint(next);
                if (last.others().size() == Endpoints.MOST) throw malformed("the tunnel has too many endpoints");
                if (!endpoints.add(other)) throw malformed("the endpoint is repeated");
                last = last.with(other);
            } else {
                last = tunnel(next);
                if (last.port() > 0 && !endpoints.add(Endpoint.port(last.port())))
                    throw malformed("the port is repeated");
                if (tunnels.containsKey(last.id())) throw malformed("the id is repeated");
            }
            tunnels.put(last.id(), last);
            next = next();
        }
        if (!next.toString().equals(end(tunnels.size()).toString())) throw malformed("the number of tunnels is wrong");
        if (position < bytes.length) throw new Malformed("something follows the end in line " + line);
        return List.copyOf(tunnels.values());
    }

    private Endpoint endpoint(ControlLine from) throws Malformed {
        if (from.words().size() != 1) throw malformed("it must have one endpoint");
        String text = from.words().keySet().iterator().next();
        try {
            Endpoint endpoint = Endpoint.parse(text);
            if (from.value(text) == null && !endpoint.isAny()) return endpoint;
        } catch (IllegalArgumentException e) {
            throw malformed(String.valueOf(e.getMessage()));
        }
        throw malformed("it must have one endpoint");
    }

    private KeptTunnel tunnel(ControlLine from) throws Malformed {
        try {
            return KeptTunnel.of(from);
        } catch (IllegalArgumentException e) {
            throw malformed(String.valueOf(e.getMessage()));
        }
    }

    private void skipLine() {
        line++;
        boolean ended = false;
        while (position < bytes.length && !ended) ended = bytes[position++] == '\n';
    }

    private ControlLine next() throws Malformed {
        int start = position;
        if (start == bytes.length) throw new Malformed("the end is missing");
        skipLine();
        if (bytes[position - 1] != '\n') throw malformed("the end is missing");
        int length = position - 1 - start;
        if (length >= LONGEST_LINE) throw malformed("it is longer than " + LONGEST_LINE + " bytes");
        try {
            return ControlLine.parse(Arrays.copyOfRange(bytes, start, start + length), length);
        } catch (IllegalArgumentException e) {
            throw malformed(String.valueOf(e.getMessage()));
        }
    }

    private Malformed malformed(String why) {
        return new Malformed("line " + line + ": " + why);
    }
}
