package org.relay4j.server;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A fuzz target: the state file of a relay server. Each input either has tunnels that are written and read again as they are, or
 * is refused with a message. {@code CONTRIBUTING.md} has the command; {@link StateFileFuzzTest} replays what was found.
 */
public final class StateFileFuzz {
    private StateFileFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        List<KeptTunnel> tunnels;
        try {
            tunnels = StateText.parse(input);
        } catch (StateText.Malformed e) {
            String message = String.valueOf(e.getMessage());
            check(message.chars().noneMatch(Character::isISOControl), "a message with a control character");
            return;
        }
        Set<Object> seen = new HashSet<>();
        for (KeptTunnel tunnel : tunnels) {
            check(seen.add(tunnel.id()) && seen.add(tunnel.port()), "a repeated id or port");
            check(tunnel.leases().size() <= Lease.MOST_VALID, "too many leases");
            check(tunnel.equals(KeptTunnel.of(tunnel.line())), "another line");
        }
        check(tunnels.equals(again(tunnels)), "other tunnels");
    }

    private static List<KeptTunnel> again(List<KeptTunnel> tunnels) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            StateText.write(tunnels, out);
            return StateText.parse(out.toByteArray());
        } catch (IOException | StateText.Malformed e) {
            throw new AssertionError("what was written is refused", e);
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
