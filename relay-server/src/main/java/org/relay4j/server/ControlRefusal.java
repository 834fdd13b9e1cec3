package org.relay4j.server;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;

/**
 * The answer to a client that gets no tunnel, the {@code ERR} line, or no endpoint, {@code REFUSED}.
 *
 * @param code one of the codes of {@code docs/protocol.md}
 * @param text why, for a person
 */
record ControlRefusal(String code, String text) {
    /** The refusal of every client while the server shuts down. */
    static final ControlRefusal DRAINING = new ControlRefusal("draining", "the server is shutting down");

    /** Returns the line that refuses an endpoint. Characters that would change its meaning are replaced, and a long text is truncated. */
    byte[] refused(String endpoint) {
        String line = "REFUSED " + endpoint + " " + code + " "
                + text.replaceAll("[^!-~]+", " ").strip();
        int length = Math.min(line.length(), ControlLine.LONGEST - 1);
        return (line.substring(0, length) + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Returns the refusal of a client because of a limit of tunnels; {@code mostOfName} is that of its name. */
    static ControlRefusal limit(@Nullable Refusal reason, RelayServerOptions options, int mostOfName) {
        String text = reason == Refusal.TUNNELS_OF_NAME
                ? "your name has reached its limit of " + mostOfName + " tunnels"
                : reason == Refusal.TUNNELS_OF_ADDRESS
                        ? "your address has reached its limit of " + options.maxTunnelsPerAddress() + " tunnels"
                        : "the server has reached its limit of " + options.maxTunnels() + " tunnels";
        return new ControlRefusal("limit-reached", text);
    }
}
