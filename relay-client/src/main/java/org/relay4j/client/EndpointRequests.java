package org.relay4j.client;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.control.ControlLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Asks the server to open and close the endpoints of a tunnel, and asks again where that has failed. Without the lock of a session,
 * or with that of the connection that is asked. Does not block, except that {@link #close} may write the lease file.
 */
final class EndpointRequests {
    /*
     * wanted -> OPEN -> opened -> (the tunnel is lost and up again) OPEN -> opened -> ... -> CLOSE -> over
     *
     * After a loss each endpoint is opened again as it was granted; if that is refused, and the server may choose, as it was wanted.
     * A refusal is final for the first OPEN only, unless the endpoint is to be retried; later ones are repeated with back-off, because
     * the owner counts on the endpoint. An OPEN without an answer, because its connection was lost, is repeated, too; if it is for any
     * port or name, with the number of the endpoint, so that the server opens no second one. Each attempt has a number of its own, so
     * that an answer that no longer matters is recognized.
     *
     * Answers come with the lock of a session held.
     */
    private static final Logger log = LoggerFactory.getLogger(EndpointRequests.class);
    private static final Set<String> TRANSIENT = Set.of("draining");
    private static final Set<String> LASTING = Set.of("bad-request");
    private static final String SHARE = "share";
    private static final String UNAVAILABLE = "port-unavailable";

    private final EndpointTable endpoints;
    private final ClientTunnel tunnel;
    private final RelayClientOptions options;

    EndpointRequests(EndpointTable endpoints, ClientTunnel tunnel, RelayClientOptions options) {
        this.endpoints = endpoints;
        this.tunnel = tunnel;
        this.options = options;
    }

    /** @param withdrawn whether the server was told behind it that the local service is down */
    private record Question(ServedEndpoint one, int number, Endpoint asked, ServiceConnection on, boolean withdrawn) {}

    // ---- opening

    /** Asks for an endpoint, if there is a connection; otherwise the next one does. Without the lock of a session. */
    void open(ServedEndpoint one) {
        ServiceConnection on = tunnel.connections().usable();
        if (on != null) ask(one, choice(one), on);
    }

    /** Returns what to ask for: the endpoint as granted last, if possible. */
    private Endpoint choice(ServedEndpoint one) {
        if (one.granted() != null || !one.wanted.isAny()) return one.endpoint();
        Endpoint kept = tunnel.entrance().keptEndpoint(one.key);
        return kept != null && kept.kind() == one.wanted.kind() ? kept : one.wanted;
    }

    private void ask(ServedEndpoint one, Endpoint endpoint, ServiceConnection on) {
        int number = endpoints.ask(one);
        if (number == 0) return;
        boolean withdrawn = one.isWithdrawn() && !endpoint.isAny();
        ask(new Question(one, number, endpoint, on, withdrawn));
        if (withdrawn) on.tell(ready(endpoint, false)); // before the first visitor
        CompletableFuture.delayedExecutor(options.handshakeTimeout().toNanos(), TimeUnit.NANOSECONDS, Runnable::run)
                .execute(() -> {
                    if (endpoints.expire(one, number)) expired(one, on);
                });
    }

    private void ask(Question question) {
        ServedEndpoint one = question.one();
        ControlLine line = ControlLine.of("OPEN").with(question.asked().toString());
        if (question.asked().isAny()) line = line.with("request", one.number);
        if (one.options.share()) line = line.with(SHARE);
        question.on().ask(line, answer -> answered(question, answer));
    }

    private void expired(ServedEndpoint one, ServiceConnection on) {
        releaseHeld();
        if (one.options.retryFirst() && !one.first.isDone()) on.abandonQuestions(); // the next connection asks again
    }

    private void releaseHeld() {
        tunnel.connections().services().forEach(ServiceConnection::releaseHeld);
    }

    private void answered(Question question, @Nullable ControlLine answer) {
        ServedEndpoint one = question.one();
        boolean matters = endpoints.answer(one, question.number());
        if (answer == null) {
            if (matters) askLater(question, "the connection was lost");
            else if (question.asked().isAny()) askToGiveBack(question); // it may be open
            else giveBackLater(one, question.asked());
        } else if (answer.keyword().equals("OPENED")) opened(question, answer, matters);
        else if (matters) refused(question, answer);
        releaseHeld();
    }

    private void opened(Question question, ControlLine answer, boolean matters) {
        ServedEndpoint one = question.one();
        Endpoint granted;
        InetSocketAddress address;
        try {
            granted = granted(question.asked(), answer);
            address = PublicAddress.of(answer.value("public"), question.on().publicAddress(), granted);
        } catch (IllegalArgumentException e) {
            String why = "the server's answer to OPEN " + question.asked() + " is malformed: " + e.getMessage();
            if (!matters) return;
            if (one.first.isDone()) askLater(question, why);
            else one.first.completeExceptionally(new RelayProtocolException(why, null));
            return;
        }
        if (!matters) { // it was closed while it was opened
            giveBack(one, granted, question.on());
            return;
        }
        endpoints.startOver(one);
        Endpoint before = one.granted();
        InetSocketAddress addressBefore = one.opened(granted, address);
        if (one.options.share() && !answer.has(SHARE) && notShared(question)) return;
        endpoints.name(one, granted, before);
        if (one.isWithdrawn() != question.withdrawn()) question.on().tell(ready(granted, !one.isWithdrawn()));
        report(one, address, addressBefore);
        boolean isNews = before == null || !before.equals(granted);
        boolean isFirst = one.first.complete(null); // the thread that waits for it keeps it
        if (!isFirst && isNews) Callbacks.runSurely(Callbacks.EXECUTOR, () -> keep(one));
    }

    /** @throws IllegalArgumentException if it is not what was asked for */
    private static Endpoint granted(Endpoint asked, ControlLine answer) {
        Endpoint granted = Endpoint.parse(word(answer, 0));
        boolean fits = asked.isAny() ? granted.kind() == asked.kind() && !granted.isAny() : granted.equals(asked);
        if (!fits) throw new IllegalArgumentException(granted + " was not asked for");
        return granted;
    }

    /** The server has opened an endpoint for this tunnel alone. Returns whether that ends it, as a refusal would. */
    private boolean notShared(Question question) {
        ServedEndpoint one = question.one();
        String detail = "the server does not let it be shared; set share = true for this client in the clients file";
        if (one.first.isDone()) {
            log.warn("{}: {} is open for this tunnel alone: {}", tunnel, one, detail);
            return false;
        }
        String server = HostPort.text(question.on().serverAddress());
        String why = server + " refused " + one + ", " + UNAVAILABLE + ": " + detail;
        if (one.options.retryFirst()) {
            question.on().ask(close(question.asked()), closed -> {});
            askLater(question, why);
            return true;
        }
        // The caller of open gives it back.
        return one.first.completeExceptionally(new RelayRefusedException(why, UNAVAILABLE, detail));
    }

    private void report(ServedEndpoint one, InetSocketAddress address, @Nullable InetSocketAddress before) {
        boolean same = address.equals(before);
        log.atLevel(same ? Level.DEBUG : Level.INFO).log("{}: {} is open at {}", tunnel, one, HostPort.text(address));
        if (before != null && !same) tunnel.events().addressChanged(shown(one), before);
    }

    private static Tunnel shown(ServedEndpoint one) {
        Tunnel shown = one.visits.shown();
        return shown == null ? one : shown;
    }

    private void refused(Question question, ControlLine answer) {
        ServedEndpoint one = question.one();
        String code = word(answer, 1);
        boolean wasAnother = !question.asked().equals(one.wanted);
        if (wasAnother && !TRANSIENT.contains(code)) {
            ask(one, one.wanted, question.on());
            return;
        }
        String detail = answer.text().isEmpty() ? "" : ": " + answer.text();
        String why =
                HostPort.text(question.on().serverAddress()) + " refused " + question.asked() + ", " + code + detail;
        RelayRefusedException refusal = new RelayRefusedException(why, code, answer.text());
        boolean retries = one.options.retryFirst() && !LASTING.contains(code);
        if (one.first.isDone()) askLater(question, why);
        else if (retries || TRANSIENT.contains(code)) {
            one.refusal = refusal;
            askLater(question, why);
        } else one.first.completeExceptionally(refusal);
    }

    /** Returns a word of an answer; empty if it is missing. */
    private static String word(ControlLine answer, int index) {
        List<String> words = new ArrayList<>(answer.words().keySet());
        return index < words.size() ? words.get(index) : "";
    }

    /** Asks again after a pause, unless a new connection has done so by then. */
    private void askLater(Question question, String why) {
        ServedEndpoint one = question.one();
        one.notOpened();
        Duration pause = endpoints.pause(one);
        if (tunnel.isOpen()) {
            log.warn("{}: {} is not open, {}; next attempt in {} ms", tunnel, one, why, pause.toMillis());
        }
        Callbacks.runLater(pause, () -> {
            if (endpoints.isLatest(one, question.number())) open(one);
        });
    }

    // ---- the endpoints in the lease file

    /** Writes the present endpoint of a service to the lease file, however many threads do so. May block. */
    void keep(ServedEndpoint one) {
        if (!one.wanted.isAny()) return;
        String key = one.key;
        Endpoint present;
        do {
            present = kept(key);
            tunnel.entrance().keepEndpoint(key, present);
        } while (!Objects.equals(present, kept(key)));
    }

    private @Nullable Endpoint kept(String key) {
        for (ServedEndpoint one : endpoints.all()) {
            if (one.key.equals(key) && one.wanted.isAny()) return one.granted();
        }
        return null;
    }

    // ---- withdrawing and closing

    /** Withdraws an endpoint, or returns it, if it is open. */
    void ready(ServedEndpoint one, boolean ready) {
        Endpoint granted = one.granted();
        ServiceConnection on = tunnel.connections().usable();
        if (granted != null && on != null && one.isOpened()) on.tell(ready(granted, ready));
    }

    private static ControlLine ready(Endpoint granted, boolean ready) {
        return ControlLine.of("READY").with(granted.toString()).with(ready ? "yes" : "no");
    }

    /** Gives an endpoint back that was removed from the table. */
    void close(ServedEndpoint one) {
        releaseHeld();
        Endpoint granted = one.granted();
        if (granted == null || !one.isOpened()) one.over(null);
        else giveBack(one, granted, tunnel.connections().usable());
        if (granted != null) keep(one);
    }

    /** Asks the server to close an endpoint, until it has answered or there is no connection. */
    private void giveBack(ServedEndpoint one, Endpoint granted, @Nullable ServiceConnection on) {
        if (on == null || endpoints.has(granted)) endClosed(one);
        else
            on.ask(close(granted), closed -> {
                if (closed == null) giveBackLater(one, granted);
                else endClosed(one);
            });
    }

    private static ControlLine close(Endpoint granted) {
        return ControlLine.of("CLOSE").with(granted.toString());
    }

    private void endClosed(ServedEndpoint one) {
        if (!endpoints.has(one)) one.over(null);
    }

    /** An endpoint was closed while the answer to OPEN was lost, with its connection: the repeated OPEN says what to give back. */
    private void askToGiveBack(Question lost) {
        Callbacks.runLater(endpoints.pause(lost.one()), () -> {
            ServiceConnection on = tunnel.connections().usable();
            if (on != null) ask(new Question(lost.one(), lost.number(), lost.asked(), on, false));
        });
    }

    /** The connection was lost: the tunnel may have another one, and so the endpoint. */
    private void giveBackLater(ServedEndpoint one, Endpoint granted) {
        Callbacks.runLater(
                endpoints.pause(one),
                () -> giveBack(one, granted, tunnel.connections().usable()));
    }
}
