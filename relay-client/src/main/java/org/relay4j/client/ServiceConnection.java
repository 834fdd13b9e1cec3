package org.relay4j.client;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Pulse;
import org.relay4j.yamux.io.SessionObserver;
import org.relay4j.yamux.io.StreamHeader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** A connection of a tunnel: a session on a loop, whose streams are handed to a service. */
final class ServiceConnection implements TunnelConnection, SessionObserver {
    /*
     * Streams that the application accepts may be used on any thread; that includes the end of the session, which the calling
     * thread writes, because the caller may be the end of the program and loops are daemons. Spliced streams belong to the loop.
     * A connection with one of those moves everything to the loop, see LoopDriver.runForStreams.
     */
    private static final Logger log = LoggerFactory.getLogger(ServiceConnection.class);
    private static final int MOST_HEADERS = 65_536; // being read at a time, where visitors have no common backlog

    private final String name;
    private final ControlConnection control;
    private final TunnelEvents events;
    private final Service service;
    private final Session session;
    private final LoopDriver driver;
    private final @Nullable ControlStream lines;
    private final boolean saysBye;
    private final boolean visitorAddresses;
    private final HeldStreams held = new HeldStreams(this);
    private final LimitedLog malformed = new LimitedLog(log, Level.WARN);
    private final CompletableFuture<@Nullable Loss> ended = new CompletableFuture<>();
    private volatile @Nullable Pulse pulse; // if it is watched

    private ServiceConnection(
            ControlConnection control, TunnelEvents events, RelayClientOptions options, Service service)
            throws IOException {
        name = "tunnel " + HostPort.text(control.shownAddress());
        this.control = control;
        this.events = events;
        this.service = service;
        visitorAddresses = options.needsVisitorAddresses();
        saysBye = ControlConnection.saysBye(options);
        AcceptQueue queue = service.queue();
        SessionOptions.Builder own =
                ControlConnection.session(options).toBuilder().listener(null).acceptQueue(queue);
        SessionOptions sessionOptions =
                queue == null ? own.backlog(MOST_HEADERS).build() : own.build();
        CoreOptions core = queue == null
                ? SessionInternals.relayedOptions(sessionOptions)
                : SessionInternals.options(sessionOptions);
        session = SessionInternals.server(control.wire(), sessionOptions, core, this);
        driver = SessionInternals.driver(session);
        lines = control.controlStream(driver);
    }

    /** Starts the session on a control connection, which is closed if that fails. Visitors are handed to the service. */
    static ServiceConnection start(
            ControlConnection control, TunnelEvents events, RelayClientOptions options, Service service)
            throws IOException {
        LoopDriver driver = null;
        boolean started = false;
        try {
            ServiceConnection connection = new ServiceConnection(control, events, options, service);
            driver = connection.driver;
            driver.start();
            if (service.queue() == null)
                connection.ping(); // windows grow with it, so it is measured before there is data
            ControlStream lines = connection.lines;
            if (lines != null && control.grant().drain()) lines.open();
            started = true;
            return connection;
        } finally {
            if (!started) end(driver, control);
        }
    }

    /** Closes a connection that could not be used. Its loop is given up with the driver. */
    private static void end(@Nullable LoopDriver driver, ControlConnection control) {
        if (driver == null) control.wire().close();
        else driver.afterwards(() -> driver.abandon(new IOException("the connection could not be used")));
    }

    @Override
    public ControlConnection control() {
        return control;
    }

    Session session() {
        return session;
    }

    LoopDriver driver() {
        return driver;
    }

    @Override
    public boolean isOpen() {
        return !ended.isDone();
    }

    @Override
    public SessionStatistics statistics() {
        return session.statistics();
    }

    @Override
    public void ping() {
        driver.ping();
    }

    @Override
    public void watch(Pulse.Observer observer) {
        Pulse watching = new Pulse(driver, observer);
        pulse = watching;
        driver.afterwards(watching::watch);
    }

    @Override
    public boolean isSilent() {
        Pulse watching = pulse;
        return watching != null && watching.isSilent();
    }

    @Override
    public boolean handOver(TunnelConnection next) {
        int number = control.grant().connection();
        if (number < 0 || !(next instanceof ServiceConnection other)) return false;
        if (other.lines == null || !other.control.grant().seen()) return false;
        int last;
        driver.lock.lock();
        try {
            last = driver.mux().acceptNoMore(); // before the server knows, so that nobody is served twice
        } finally {
            driver.lock.unlock();
        }
        other.tell(ControlLine.of("SEEN").with("connection", number).with("last", Integer.toUnsignedString(last)));
        return true;
    }

    @Override
    public void closeWhenDone() {
        leave(saysBye, session::closeWhenDone);
    }

    /** The visitors that wait to be accepted stay. */
    @Override
    public void retire() {
        leave(false, driver::closeWhenDone);
    }

    private void leave(boolean bye, Runnable end) {
        ControlStream told = lines;
        driver.runForStreams(told == null ? end : () -> told.leave(bye, end));
    }

    @Override
    public void close() {
        if (lines != null && saysBye) leave(true, session::close);
        else abandon();
    }

    @Override
    public void abandon() {
        driver.runForStreams(session::close);
    }

    @Override
    public boolean awaitTermination(long nanos) throws InterruptedException {
        return driver.awaitTermination(nanos);
    }

    @Override
    public CompletionStage<@Nullable Loss> ended() {
        return ended;
    }

    @Override
    public CompletionStage<Long> draining() {
        return lines == null ? new CompletableFuture<>() : lines.draining();
    }

    /** Sends a question about an endpoint, see {@link ControlStream#ask}. */
    void ask(ControlLine question, ControlStream.Answer answer) {
        if (lines != null) lines.ask(question, answer);
        else answer.answered(null);
    }

    /** Ends the connection, because a question has had no answer in time. Does not block. */
    void abandonQuestions() {
        if (lines != null) lines.abandonQuestions();
    }

    /** Sends a line that has no answer. */
    void tell(ControlLine line) {
        if (lines != null) lines.tell(line);
    }

    Service service() {
        return service;
    }

    /** Gives the streams whose endpoint was not known another chance. Does not block. */
    void releaseHeld() {
        driver.afterwards(held::release);
    }

    // ---- with the session's lock held

    HeldStreams held() {
        return held;
    }

    @Override
    public @Nullable StreamHeader header() {
        return visitorAddresses ? new VisitorHeader(malformed, this) : null;
    }

    @Override
    public @Nullable StreamHandler begin(MuxStream stream, @Nullable StreamHeader header) {
        Pulse watching = pulse;
        if (watching != null) watching.watch();
        return service.begin(this, stream, (VisitorHeader) header);
    }

    @Override
    public void measured(long roundTrip) {
        events.roundTrip(roundTrip);
        Pulse watching = pulse;
        if (watching != null) watching.answered();
    }

    @Override
    public void goneAway() {
        log.info("{}: the server sends no more visitors", this);
    }

    @Override
    public void ended(Cause cause) {
        SessionException why = SessionInternals.exception(cause);
        ended.complete(
                switch (cause.kind()) {
                    case CLOSED_LOCALLY -> null;
                    case CONNECTION_LOST -> Loss.broken(cause.message(), cause.error(), why);
                    default -> new Loss(cause.message(), why.isClean(), why);
                });
    }

    @Override
    public String toString() {
        return name;
    }
}
