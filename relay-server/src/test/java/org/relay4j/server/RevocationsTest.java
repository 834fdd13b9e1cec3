package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RevocationsTest {
    private final Revocations revocations = new Revocations();
    private final List<String> ended = new ArrayList<>();

    @Test
    void revocationEndsAllClientsOfTheNameOnce() {
        revocations.add("alice", () -> ended.add("first"));
        revocations.add("alice", () -> ended.add("second"));
        revocations.add("bob", () -> ended.add("bob"));
        revocations.revoke("alice");
        revocations.revoke("alice");
        ended.sort(null);
        assertEquals(List.of("first", "second"), ended);
    }

    @Test
    void clientThatHasLeftIsNotEnded() {
        Revocations.Entry entry = revocations.add("alice", () -> ended.add("first"));
        revocations.add("alice", () -> ended.add("second"));
        entry.remove();
        entry.remove();
        revocations.revoke("alice");
        entry.remove();
        assertEquals(List.of("second"), ended);
    }

    @Test
    void tunnelTakesOverFromItsHandshake() {
        Revocations.Entry entry = revocations.add("alice", () -> ended.add("handshake"));
        entry.onRevoke(() -> ended.add("tunnel"));
        revocations.revoke("alice");
        assertEquals(List.of("tunnel"), ended);
    }

    @Test
    void revocationDuringTheHandshakeEndsTheTunnelToo() {
        Revocations.Entry entry = revocations.add("alice", () -> ended.add("handshake"));
        revocations.revoke("alice");
        entry.onRevoke(() -> ended.add("tunnel"));
        assertEquals(List.of("handshake", "tunnel"), ended);
    }

    @Test
    void newClientOfARevokedNameIsNotEnded() {
        revocations.revoke("alice");
        revocations.add("alice", () -> ended.add("new"));
        assertEquals(List.of(), ended);
    }
}
