package org.relay4j.server;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientProof;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.LeaseWord;

/**
 * The line of an extended client, {@code RELAY/1 ...}, validated as section 2 of {@code docs/protocol.md} requires. Unknown words
 * are ignored.
 *
 * @param line as parsed
 * @param text as received, without its LF
 */
record ClientLine(ControlLine line, String text) {
    /** Thrown for an invalid line. */
    static final class BadRequest extends Exception {
        private static final long serialVersionUID = 1;

        BadRequest(String message) {
            super(message);
        }
    }

    private static final String VERSION = "RELAY/1";
    private static final int NONE = -1;

    /**
     * Parses and validates a line.
     *
     * @param bytes the line in its first {@code length} bytes, without the LF
     */
    static ClientLine parse(byte[] bytes, int length) throws BadRequest {
        ControlLine line;
        try {
            line = ControlLine.parse(bytes, length);
        } catch (IllegalArgumentException e) {
            throw new BadRequest(String.valueOf(e.getMessage()));
        }
        if (!line.keyword().equals(VERSION)) {
            throw new BadRequest("the line must begin with " + VERSION + ", the only version of this server");
        }
        ClientLine client = new ClientLine(line, new String(bytes, 0, length, StandardCharsets.US_ASCII));
        client.check();
        return client;
    }

    private void check() throws BadRequest {
        port();
        for (String bare : new String[] {"visitor-address", "drain"}) {
            if (line.value(bare) != null) throw new BadRequest("the word '" + bare + "' must not have a value");
        }
        lease("resume");
        if (line.has("join") && lease("join") == null) throw new BadRequest("the word 'join' needs a lease");
        if (line.has("resume") && line.has("join")) throw new BadRequest("'resume' and 'join' exclude each other");
        if (line.has("instead") && !line.has("join")) throw new BadRequest("'instead' requires 'join'");
        instead();
        if (line.has("name") && line.value("name") == null) throw new BadRequest("the word 'name' needs a value");
        if (line.has(ClientProof.WORD) && !(line.has("name") && line.has("binding"))) {
            throw new BadRequest("a proof needs 'name' and 'binding' before it");
        }
    }

    private @Nullable String lease(String word) throws BadRequest {
        String lease = line.value(word);
        if (lease != null && !LeaseWord.isValid(lease)) {
            throw new BadRequest("the lease of '" + word + "' is not a valid lease");
        }
        return lease;
    }

    /** Returns the requested public port; 0 means any, -1 none. */
    private int port() throws BadRequest {
        if (!line.has("port")) return 0;
        if ("none".equals(line.value("port"))) return NONE;
        int number = line.number("port");
        if (number < 1 || number > 65_535) throw new BadRequest("'port' must be 1 to 65535 or none");
        return number;
    }

    /** Returns the number of the connection to replace; -1 means none. */
    private int instead() throws BadRequest {
        if (!line.has("instead")) return NONE;
        int number = line.number("instead");
        if (number < 0) throw new BadRequest("'instead' must be a number");
        return number;
    }

    /** Returns the name that the client claims; null if it claims none. */
    @Nullable
    String name() {
        return line.value("name");
    }

    boolean hasProof() {
        return line.has(ClientProof.WORD);
    }

    /** Returns the proof, or an empty text. It must be the last word, because {@link #signed} depends on that. */
    String proof() {
        String proof = line.value(ClientProof.WORD);
        return proof == null ? "" : proof;
    }

    /** Returns the certificate that the client has seen; empty if it does not state one. */
    String binding() {
        String binding = line.value("binding");
        return binding == null ? "" : binding;
    }

    /** Returns the signed part of the line; empty if the proof is not the last word. */
    String signed() {
        String end = " " + ClientProof.WORD + "=" + proof();
        return text.endsWith(end) ? text.substring(0, text.length() - end.length()) : "";
    }

    /** Returns the request of the client. */
    ClientRequest request(InetSocketAddress client, @Nullable String provenName, ClientLimits limits) {
        try {
            return new ClientRequest(
                    client,
                    provenName,
                    limits,
                    port(),
                    line.has("visitor-address"),
                    line.has("resume"),
                    line.value("resume"),
                    line.value("join"),
                    instead(),
                    line.has("drain"));
        } catch (BadRequest e) {
            throw new IllegalStateException(e); // it was checked
        }
    }

    /** Never contains a secret. */
    @Override
    public String toString() {
        return line.keyword() + " " + line.words().keySet();
    }
}
