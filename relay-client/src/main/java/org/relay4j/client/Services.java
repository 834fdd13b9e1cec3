package org.relay4j.client;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The endpoints of a tunnel, which are opened one by one, and the services behind them. Safe for use by several threads. */
final class Services implements Service, TunnelOwner {
    /*
     * wanted -> OPEN -> opened -> (the tunnel is lost and up again) OPEN -> opened -> ... -> CLOSE -> over
     *
     * After a loss each endpoint is opened again as it was granted; if that is refused, and the server may choose, as it was wanted.
     * A refusal is final for the first OPEN only; later ones are repeated with back-off, because the owner counts on the endpoint.
     * An OPEN without an answer, because its connection was lost, is repeated, too. Each OPEN has a number, so that an answer that
     * no longer matters is recognized.
     *
     * Answers come with the lock of a session held. The lock of this class is a leaf under it.
     */
    static final int MOST = 256; // endpoints; servers have a limit of their own

    private static final Logger log = LoggerFactory.getLogger(Services.class);
    private static final Set<String> TRANSIENT = Set.of("draining");
    private static final String SHARE = "share";
    private static final String UNAVAILABLE = "port-unavailable";

    private final RelayClientOptions options;
    private final ReentrantLock lock = OrderedLock.leaf("the services of a tunnel");
    private final Set<ServedEndpoint> wanted = new LinkedHashSet<>(); // guarded by lock
    private final Map<String, ServedEndpoint> byName = new ConcurrentHashMap<>(); // as granted; those just closed, too
    private final LimitedLog strangers = new LimitedLog(log, Level.WARN);
    private final ClientTunnel tunnel;
    private boolean over; // guarded by lock

    Services(InetSocketAddress server, RelayClientOptions options, RelayTunnel shown) {
        this.options = options;
        tunnel = new ClientTunnel(server, options, Connector.to(this, options), this, shown);
    }

    ClientTunnel tunnel() {
        return tunnel;
    }

    Backoff backoff() {
        return new Backoff(options.shortestBackoff(), options.longestBackoff());
    }

    // ---- opening

    /**
     * Opens an endpoint. Blocks until the server has answered, at most for the handshake timeout.
     *
     * @throws RelayRefusedException if the server refuses it
     */
    void open(ServedEndpoint one) throws IOException {
        add(one);
        boolean made = false;
        try {
            ask(one, choice(one));
            await(one);
            made = true;
        } finally {
            if (!made) one.closeNow(); // it may have been opened just now
        }
    }

    /** Returns what to ask for: the endpoint as granted last, if possible. */
    private Endpoint choice(ServedEndpoint one) {
        if (one.granted() != null || !one.wanted.isAny()) return one.endpoint();
        Endpoint kept = tunnel.entrance().keptEndpoint(one.key);
        return kept != null && kept.kind() == one.wanted.kind() ? kept : one.wanted;
    }

    private void add(ServedEndpoint one) throws IOException {
        lock.lock();
        try {
            if (over) throw new SocketException("the tunnel is closed");
            if (wanted.size() >= MOST) {
                throw new IllegalStateException(
                        "the tunnel has " + MOST + " endpoints; close one, or open another tunnel");
            }
            for (ServedEndpoint other : wanted) {
                if (!one.wanted.isAny() && one.wanted.equals(other.endpoint())) {
                    throw new BindException("the tunnel has " + one.wanted + " already; close that one first");
                }
                if (one.key.equals(other.key)) {
                    throw new BindException("the tunnel has a service with the name " + one.key + " already");
                }
            }
            wanted.add(one);
        } finally {
            lock.unlock();
        }
    }

    /** Returns a key for a service without a name. */
    String keyOf(Endpoint endpoint) {
        Set<String> taken = all().stream().map(one -> one.key).collect(Collectors.toSet());
        String key = endpoint.toString();
        for (int i = 2; taken.contains(key); i++) key = endpoint + "#" + i;
        return key;
    }

    private void await(ServedEndpoint one) throws IOException {
        Duration timeout = options.handshakeTimeout();
        try {
            one.first.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RelayRefusedException refused) {
                throw copy(refused);
            }
            throw failure(e.getCause());
        } catch (TimeoutException e) {
            RelayRefusedException refusal = one.refusal;
            if (refusal != null) throw copy(refusal);
            String server = HostPort.text(tunnel.serverAddress());
            throw new RelayUnreachableException(
                    tunnel.isOpen()
                            ? server + " did not open " + one.wanted + " within " + Dial.seconds(timeout)
                            : "the tunnel to " + server + " is down, and was not up again within "
                                    + Dial.seconds(timeout),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Dial.interrupted();
        }
    }

    /** Returns the exception with the stack of this thread. */
    private static RelayRefusedException copy(RelayRefusedException refused) {
        return new RelayRefusedException(String.valueOf(refused.getMessage()), refused.code(), refused.detail());
    }

    private static IOException failure(@Nullable Throwable cause) {
        if (cause instanceof SocketException ended) return new SocketException(ended.getMessage());
        return new RelayProtocolException(cause == null ? "no answer" : String.valueOf(cause.getMessage()), cause);
    }

    /** Asks for an endpoint, if there is a connection; otherwise the next one does. Without the lock of a session. */
    private void ask(ServedEndpoint one, Endpoint endpoint) {
        ServiceConnection on = tunnel.connections().usable();
        if (on != null) ask(one, endpoint, on);
    }

    /** Without the lock of a session, or with that of {@code on}. */
    private void ask(ServedEndpoint one, Endpoint endpoint, ServiceConnection on) {
        int number;
        lock.lock();
        try {
            if (!wanted.contains(one)) return;
            number = ++one.attempt;
            one.isAsking = true;
        } finally {
            lock.unlock();
        }
        ControlLine line = ControlLine.of("OPEN").with(endpoint.toString());
        on.ask(
                one.share ? line.with(SHARE) : line,
                answer -> answered(new Question(one, number, endpoint, on), answer));
        CompletableFuture.delayedExecutor(options.handshakeTimeout().toNanos(), TimeUnit.NANOSECONDS, Runnable::run)
                .execute(() -> waitNoLonger(one, number));
    }

    /** The answer to an OPEN is late: visitors no longer wait for it. */
    private void waitNoLonger(ServedEndpoint one, int number) {
        lock.lock();
        try {
            if (number != one.attempt || !one.isAsking) return;
            one.isAsking = false;
        } finally {
            lock.unlock();
        }
        releaseHeld();
    }

    private void releaseHeld() {
        tunnel.connections().services().forEach(ServiceConnection::releaseHeld);
    }

    private record Question(ServedEndpoint one, int number, Endpoint asked, ServiceConnection on) {}

    private void answered(Question question, @Nullable ControlLine answer) {
        ServedEndpoint one = question.one();
        boolean matters;
        lock.lock();
        try {
            matters = question.number() == one.attempt && wanted.contains(one);
            if (matters) one.isAsking = false;
        } finally {
            lock.unlock();
        }
        if (answer == null) {
            if (matters) askLater(question, "the connection was lost");
            else if (!question.asked().isAny()) giveBackLater(one, question.asked()); // it may be open
        } else if (answer.keyword().equals("OPENED")) opened(question, answer, matters);
        else if (matters) refused(question, answer);
        releaseHeld();
    }

    private void opened(Question question, ControlLine answer, boolean matters) {
        ServedEndpoint one = question.one();
        Endpoint granted;
        InetSocketAddress address;
        try {
            granted = Endpoint.parse(word(answer, 0));
            address = PublicAddress.of(answer.value("public"), question.on().serverAddress(), granted);
            boolean fits = question.asked().isAny()
                    ? granted.kind() == question.asked().kind() && !granted.isAny()
                    : granted.equals(question.asked());
            if (!fits) throw new IllegalArgumentException(granted + " was not asked for");
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
        startOver(one);
        Endpoint before = one.granted();
        InetSocketAddress addressBefore = one.opened(granted, address);
        if (one.share && !answer.has(SHARE) && notShared(one, question.on())) return;
        byName.put(granted.toString(), one);
        if (before != null && !before.equals(granted)) byName.remove(before.toString(), one);
        if (one.isWithdrawn()) question.on().tell(ready(granted, false));
        report(one, address, addressBefore);
        one.first.complete(null);
        if (one.wanted.isAny() && (before == null || !before.equals(granted))) {
            Callbacks.runSurely(Callbacks.EXECUTOR, () -> keep(one.key));
        }
    }

    /** The server has opened an endpoint for this tunnel alone. Returns whether that ends it, as a refusal would. */
    private boolean notShared(ServedEndpoint one, ServiceConnection on) {
        String detail = "the server does not let it be shared; set share = true for this client in the clients file";
        if (one.first.isDone()) {
            log.warn("{}: {} is open for this tunnel alone: {}", tunnel, one, detail);
            return false;
        }
        String why = HostPort.text(on.serverAddress()) + " refused " + one + ", " + UNAVAILABLE + ": " + detail;
        // The caller of open gives it back.
        return one.first.completeExceptionally(new RelayRefusedException(why, UNAVAILABLE, detail));
    }

    /** It is open: the next refusal is the first again. */
    private void startOver(ServedEndpoint one) {
        one.refusal = null;
        lock.lock();
        try {
            one.backoff = backoff();
        } finally {
            lock.unlock();
        }
    }

    /** Writes the present endpoint of a service to the lease file, however many threads do so. May block. */
    private void keep(String key) {
        Endpoint present;
        do {
            present = kept(key);
            tunnel.entrance().keepEndpoint(key, present);
        } while (!Objects.equals(present, kept(key)));
    }

    private @Nullable Endpoint kept(String key) {
        for (ServedEndpoint one : all()) {
            if (one.key.equals(key) && one.wanted.isAny()) return one.granted();
        }
        return null;
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

    private boolean isWanted(Endpoint granted) {
        return all().stream().anyMatch(one -> granted.equals(one.endpoint()));
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
        if (one.first.isDone()) askLater(question, why);
        else if (TRANSIENT.contains(code)) {
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
        Duration pause = pause(one);
        if (tunnel.isOpen()) {
            log.warn("{}: {} is not open, {}; next attempt in {} ms", tunnel, one, why, pause.toMillis());
        }
        CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS, Callbacks.EXECUTOR)
                .execute(() -> {
                    if (isLast(question)) ask(one, choice(one));
                });
    }

    private Duration pause(ServedEndpoint one) {
        lock.lock();
        try {
            return one.backoff.next();
        } finally {
            lock.unlock();
        }
    }

    private boolean isLast(Question question) {
        lock.lock();
        try {
            return question.number() == question.one().attempt;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void connected() {
        for (ServedEndpoint one : all()) {
            one.notOpened();
            ask(one, choice(one));
        }
    }

    /** The local service of an endpoint is up or down: the endpoint is withdrawn meanwhile. Does not block. */
    void ready(ServedEndpoint one, boolean ready) {
        one.withdrawn(!ready);
        Endpoint granted = one.granted();
        ServiceConnection on = tunnel.connections().usable();
        if (granted != null && on != null && one.isOpened()) on.tell(ready(granted, ready));
    }

    private static ControlLine ready(Endpoint granted, boolean ready) {
        return ControlLine.of("READY").with(granted.toString()).with(ready ? "yes" : "no");
    }

    // ---- closing

    /** Gives an endpoint back. Does not block. Only the first call has an effect. */
    void close(ServedEndpoint one) {
        lock.lock();
        try {
            if (!wanted.remove(one)) return;
            one.attempt++;
            one.isAsking = false;
        } finally {
            lock.unlock();
        }
        forgetClosed();
        releaseHeld();
        Endpoint granted = one.granted();
        if (granted == null || !one.isOpened()) one.over(null);
        else giveBack(one, granted, tunnel.connections().usable());
        if (one.wanted.isAny() && granted != null) keep(one.key);
    }

    /**
     * Asks the server to close an endpoint, until it has answered or there is no connection. Without the lock of a session, or with
     * that of {@code on}. Does not block.
     */
    private void giveBack(ServedEndpoint one, Endpoint granted, @Nullable ServiceConnection on) {
        if (on == null || isWanted(granted)) endClosed(one);
        else
            on.ask(close(granted), closed -> {
                if (closed == null) giveBackLater(one, granted);
                else endClosed(one);
            });
    }

    private void endClosed(ServedEndpoint one) {
        if (!all().contains(one)) one.over(null);
    }

    /** The connection was lost: the tunnel may have another one, and so the endpoint. */
    private void giveBackLater(ServedEndpoint one, Endpoint granted) {
        CompletableFuture.delayedExecutor(pause(one).toNanos(), TimeUnit.NANOSECONDS, Callbacks.EXECUTOR)
                .execute(() -> giveBack(one, granted, tunnel.connections().usable()));
    }

    private static ControlLine close(Endpoint granted) {
        return ControlLine.of("CLOSE").with(granted.toString());
    }

    /** Removes endpoints that were closed a while ago; or at once, if there are too many. */
    private void forgetClosed() {
        long now = System.nanoTime();
        boolean many = byName.size() >= 2 * MOST;
        Set<ServedEndpoint> current = Set.copyOf(all());
        byName.values().removeIf(one -> !current.contains(one) && (many || !one.serves(now)));
    }

    /** There are no further endpoints. */
    void end() {
        lock.lock();
        try {
            over = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void over(@Nullable Throwable cause) {
        end();
        for (ServedEndpoint one : all()) {
            one.over(cause);
            one.first.completeExceptionally(new SocketException("the tunnel has ended"));
        }
        lock.lock();
        try {
            wanted.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the endpoints in the order in which they were opened. */
    List<ServedEndpoint> all() {
        lock.lock();
        try {
            return List.copyOf(wanted);
        } finally {
            lock.unlock();
        }
    }

    // ---- visitors

    @Override
    public void prepare() {
        for (ServedEndpoint one : all()) {
            try {
                one.service.prepare();
            } catch (IOException e) {
                log.warn("{}: {}: {}", tunnel, one, e.getMessage());
            }
        }
    }

    @Override
    public @Nullable StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header) {
        String name = header == null ? null : header.header().endpoint();
        ServedEndpoint one = name == null ? null : byName.get(name);
        if (one != null && one.serves(System.nanoTime())) return one.service.begin(on, stream, header);
        if (header != null && name != null && isOpening()) return on.held().hold(stream, header);
        strangers.log("{}: visitor reset, {} is not open", on, name == null ? "its endpoint" : name);
        return null;
    }

    /** Returns whether the answer to an OPEN is missing. */
    private boolean isOpening() {
        lock.lock();
        try {
            return wanted.stream().anyMatch(one -> one.isAsking);
        } finally {
            lock.unlock();
        }
    }
}
