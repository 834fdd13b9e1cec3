package org.relay4j.server;

import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.api.control.ClientProof;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Verifies the name that a client claims. The policy is asked and signatures are verified off the loop. */
final class Identification {
    /*
     * A client must not find out which names exist, not even from the time of the answer. So each proof costs the same number of
     * verifications, with a key that has no owner in place of those that are missing, and an unknown name gets the same answer as
     * a wrong proof.
     */

    /** The answer to any client that has not proved its name. */
    static final String FAILED = "the name is unknown, or its proof is wrong";

    private static final PublicKey NOBODY = nobody();
    private static final LimitedLog policyFailed =
            new LimitedLog(LoggerFactory.getLogger(RelayServer.class), Level.ERROR);

    /** The result: the limits of the client, or the reason of its refusal. */
    record Answer(@Nullable ClientLimits limits, @Nullable ControlRefusal refusal) {
        static Answer refused(String code, String text) {
            return new Answer(null, new ControlRefusal(code, text));
        }
    }

    private final Gate gate;
    private final ClientLine line;
    private final String hello;
    private final InetAddress site;
    private final @Nullable PeerIdentity peer;

    /**
     * @param site the address of the client, which takes turns with others, see {@link org.relay4j.yamux.io.Sockets#site}
     * @param peer the identity from TLS; null on a plain port
     */
    Identification(Gate gate, ClientLine line, String hello, InetAddress site, @Nullable PeerIdentity peer) {
        this.gate = gate;
        this.line = line;
        this.hello = hello;
        this.site = site;
        this.peer = peer;
    }

    /** Returns the name claimed by the line, or else by a client certificate; null if there is none. */
    @Nullable
    String name() {
        return line.name() != null ? line.name() : certificateName();
    }

    private @Nullable String certificateName() {
        return peer == null ? null : peer.certificateName();
    }

    /** Starts the verification. {@code then} is called once, on any thread. Does not block. */
    void begin(Consumer<Answer> then) {
        String name = name();
        String certified = certificateName();
        boolean contradicts = certified != null && !certified.equals(name);
        if (name == null || contradicts || !ClientName.isValid(name)) {
            then.accept(Answer.refused("auth-failed", FAILED));
            return;
        }
        if (!gate.verifiers().run(site, () -> ask(name, then))) then.accept(busy());
    }

    private void ask(String name, Consumer<Answer> then) {
        try {
            CompletionStage<Optional<NamedClient>> stage =
                    gate.options().policy().find(name);
            stage.whenComplete((found, failure) -> {
                if (failure != null || found == null) then.accept(failed(name, failure));
                else if (!gate.verifiers().run(site, () -> then.accept(judge(found.orElse(null))))) then.accept(busy());
            });
        } catch (RuntimeException e) {
            then.accept(failed(name, e));
        }
    }

    private Answer judge(@Nullable NamedClient client) {
        if (!line.hasProof()) {
            if (client == null || !client.certificate() || certificateName() == null) {
                return Answer.refused("auth-failed", FAILED);
            }
            return new Answer(client.limits(), null);
        }
        boolean valid = false;
        for (PublicKey key : keys(client)) valid |= ClientProof.verify(key, hello, line.signed(), line.proof());
        if (client == null || !valid) return Answer.refused("auth-failed", FAILED);
        if (isExpected(line.binding())) return new Answer(client.limits(), null);
        return Answer.refused("tls-mismatch", mismatch());
    }

    /** Returns the keys with which a proof is verified, always the same number of them. */
    static List<PublicKey> keys(@Nullable NamedClient client) {
        List<PublicKey> keys = new ArrayList<>(NamedClient.MOST_KEYS);
        if (client != null) keys.addAll(client.keys());
        while (keys.size() < NamedClient.MOST_KEYS) keys.add(NOBODY);
        return keys;
    }

    /** Returns whether the certificate that the client has seen is the one of this connection, or of a load balancer. */
    private boolean isExpected(String binding) {
        Set<String> proxies = gate.options().proxyCertificates();
        if (!proxies.isEmpty()) return proxies.contains(binding);
        return binding.equals(peer == null ? "none" : peer.binding());
    }

    private String mismatch() {
        if (!gate.options().proxyCertificates().isEmpty()) {
            return line.binding().equals("none")
                    ? "the client has seen no certificate, and this server accepts names only through TLS"
                    : "the client has seen another certificate than those of the load balancers of this server";
        }
        if (peer == null) return "the client has seen a certificate, and this port has none: a proxy terminates TLS";
        if (line.binding().equals("none")) return "the client has seen no certificate, and this port speaks TLS";
        return "the client has seen another certificate than that of this server: a proxy terminates TLS";
    }

    private static Answer failed(String name, @Nullable Throwable failure) {
        policyFailed.log("relay server: the policy could not look up the client {}: {}", name, String.valueOf(failure));
        return Answer.refused("internal", "the server could not look up the name");
    }

    private static Answer busy() {
        return Answer.refused("internal", "too many clients prove their names at once");
    }

    private static PublicKey nobody() {
        try {
            return KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPublic();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
