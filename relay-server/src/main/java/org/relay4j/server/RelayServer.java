package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.KeptBytes;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A relay server: assigns a public port to each client that connects to its control port, and carries the visitors of that port
 * to the client.
 *
 * <pre>{@code
 * try (RelayServer server = RelayServer.start(7000)) {
 *     System.out.println("listening on port " + server.port());
 *     server.awaitEnd();
 * }
 * }</pre>
 *
 * <p>Runs on a few event loop threads, which keep the program alive until {@link #close}. Safe for use by several threads.
 */
public final class RelayServer implements Closeable {
    // Longer than 300 lines because half of it is the Javadoc of the public API, and a sixth gives the parts of a
    // server
    // access to each other.
    /** Memory for the first bytes of all visitors that their client has not answered. Unit: bytes. */
    private static final long MOST_KEPT = 16 << 20;

    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);

    private final ReentrantLock updating = new ReentrantLock(); // one update at a time
    private volatile RelayServerOptions options;
    private final Admission admission;
    private final PublicPorts publicPorts;
    private final PublicPorts publicUdpPorts;
    private final DatagramCounts datagrams = new DatagramCounts();
    private final TrustedProxies proxies;
    private final LoopGroup loops;
    private final Loop controlLoop;
    private final Listener control;
    private final Tunnels tunnels = new Tunnels(this);
    private final TunnelRegistry registry = TunnelRegistry.local();
    private final String visitorIds = // hardly any other server has it
            HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong(), 12) + "-";
    private final AtomicLong visitorIdsEver = new AtomicLong();
    private final ServerLog limited = new ServerLog();
    private final SecurityLog security = new SecurityLog();
    private final KeptBytes.Budget keptBytes = new KeptBytes.Budget(MOST_KEPT);
    private final ServerEvents events;
    private final Gate gate;
    private final ControlPort controlPort;
    private final NameRouter names;
    private final @Nullable StickyPorts stickyPorts; // null: off
    private final @Nullable ServerState lastState; // from the last process, with a state file
    private final @Nullable StateWriter state; // for the next one
    private final @Nullable Cluster cluster; // null: a single server
    private final ServerShutdown shutdown = new ServerShutdown(this);

    private RelayServer(RelayServerOptions options) throws IOException {
        this.options = options;
        admission = new Admission(options);
        publicPorts = new PublicPorts(options);
        publicUdpPorts = new PublicPorts(options);
        proxies = new TrustedProxies(this, options, TrustedProxies.MOST_VISITORS);
        stickyPorts = options.stickyPorts() ? new StickyPorts(proxies::contains) : null;
        events = new ServerEvents(this, options);
        gate = new Gate(this, options);
        controlPort = new ControlPort(gate);
        publicPorts.checkAddress();
        boolean spare = options.cluster() == null; // at a node, all connections of a tunnel are on one loop
        loops = new LoopGroup("relay-server", options.loops(), spare, false);
        ServerState opened = null;
        Listener listening = null;
        NameRouter routing = null;
        Cluster joined = null;
        boolean started = false;
        try {
            opened = options.stateFile() == null ? null : ServerState.open(options.stateFile());
            lastState = opened;
            controlLoop = loops.next();
            gate.start();
            routing = NameRouter.open(this, loops.next());
            names = routing;
            joined = options.cluster() == null ? null : ClusterStart.open(this, options.cluster());
            cluster = joined;
            if (lastState != null) lastState.bind(this);
            listening = listen();
            control = listening;
            state = lastState == null ? null : lastState.begin(this);
            if (lastState != null) lastState.hold(this);
            if (cluster != null) cluster.join();
            controlLoop.execute(() -> start("clients", control::start));
            names.loop().execute(() -> start("visitors by name", names::start));
            started = true;
        } finally {
            if (!started) {
                if (listening != null) listening.close();
                if (routing != null) routing.close();
                if (opened != null) opened.abandon();
                if (joined != null) joined.close();
                loops.close();
                gate.close();
            }
        }
    }

    private Listener listen() throws IOException {
        Path socket = options.controlSocket();
        if (socket != null) {
            return Listener.open(controlLoop, socket, options.controlSocketAccess(), controlPort);
        }
        InetSocketAddress address = options.controlAddress();
        try {
            return Listener.open(controlLoop, address, controlPort);
        } catch (BindException e) {
            throw Binding.failure("control", address, e);
        }
    }

    /**
     * Starts a server on all addresses with default options.
     *
     * @param port the control port; 0 for any free one, see {@link #port}
     * @throws BindException if the port cannot be bound; the message names it and the remedy
     * @throws IllegalArgumentException if the port is not between 0 and 65535
     */
    public static RelayServer start(int port) throws IOException {
        return start(RelayServerOptions.builder().port(port).build());
    }

    /**
     * Starts a server.
     *
     * @throws BindException if the control port or socket cannot be bound, or an address does not belong to this machine; the message
     *     names the port or address and the remedy
     * @throws java.nio.file.FileSystemException if the state file cannot be used; the message says why, and what to do
     */
    public static RelayServer start(RelayServerOptions options) throws IOException {
        RelayServer server = open(Objects.requireNonNull(options, "options"));
        log.info("relay server: listening on {}", server.control.text());
        InetSocketAddress https = server.httpsAddress();
        if (https != null) log.info("relay server: host names with HTTPS on {}", Sockets.text(https));
        InetSocketAddress http = server.httpAddress();
        if (http != null) log.info("relay server: host names with HTTP on {}", Sockets.text(http));
        if (options.tls() == null
                && !options.requireName()
                && !server.address().getAddress().isLoopbackAddress()) {
            log.warn(
                    "relay server: anyone who can reach port {} can open a tunnel, and networks on the way can read and change the"
                            + " traffic; set the option tls, with a certificate from \"relay keygen\"",
                    server.port());
        }
        return server;
    }

    /** If the server cannot start, the store of its cluster is closed, which has threads and connections. */
    private static RelayServer open(RelayServerOptions options) throws IOException {
        boolean started = false;
        try {
            RelayServer server = new RelayServer(options);
            started = true;
            return server;
        } finally {
            if (!started && options.cluster() != null) options.cluster().store().close();
        }
    }

    /** Returns the control port; 0 if the server listens on a {@link RelayServerOptions.Builder#controlSocket controlSocket}. */
    public int port() {
        return address().getPort();
    }

    /** Returns the control address; a loopback address with port 0 if the server listens on a Unix-domain socket. */
    public InetSocketAddress address() {
        return control.address();
    }

    /** Returns the local address of the HTTPS port; null if there is none. */
    public @Nullable InetSocketAddress httpsAddress() {
        return names.httpsAddress();
    }

    /** Returns the local address of the HTTP port; null if there is none. */
    public @Nullable InetSocketAddress httpAddress() {
        return names.httpAddress();
    }

    /** Returns the options in force. */
    public RelayServerOptions options() {
        return options;
    }

    /**
     * Changes options while the server runs: either all of them, or none. Start with {@code options().toBuilder()}.
     *
     * <p>These options can change: the limits of tunnels, pending clients and visitors, also of UDP ports, {@link
     * RelayServerOptions#udpIdleTimeout udpIdleTimeout}, the networks of clients and visitors, {@link
     * RelayServerOptions#handshakeTimeout handshakeTimeout}, {@link RelayServerOptions#lease lease}, {@link
     * RelayServerOptions#idleTimeout idleTimeout}, {@link RelayServerOptions#session session}, {@link
     * RelayServerOptions#redirectHttps redirectHttps}, {@link RelayServerOptions#answerUnknownNames answerUnknownNames}, {@link
     * RelayServerOptions#domainTls domainTls}, the {@link RelayServerOptions.Builder#proxyCertificates proxyCertificates}, and
     * {@link RelayServerOptions#tls tls} if the control port has TLS before and after. They apply to new connections and
     * visitors; those that exist stay, even beyond a lower limit.
     *
     * <p>Also reads the files of certificates and clients again, if they have changed. The log has the result; if a file cannot
     * be used, this method does not fail. Blocks until the files are read.
     *
     * @throws IllegalArgumentException if another option differs; the message names each, with both values
     */
    public void update(RelayServerOptions newOptions) {
        Objects.requireNonNull(newOptions, "newOptions");
        updating.lock();
        try {
            FixedOptions.require(options, newOptions);
            ServerTls before = options.tls();
            ServerTls after = newOptions.tls();
            admission.update(newOptions);
            options = newOptions;
            if (after != null && before != null && !Objects.equals(before.fingerprint(), after.fingerprint())) {
                log.info("relay server: new certificate in use, {}", after.fingerprint());
            }
            gate.readChangedFiles();
        } finally {
            updating.unlock();
        }
    }

    /** Returns the number of open tunnels, including those held for an absent client. */
    public int tunnelCount() {
        return tunnels.size();
    }

    /** Returns the number of connected visitors of all tunnels. */
    public int visitorCount() {
        return admission.visitors();
    }

    /** Returns the totals so far. Does not block. */
    public RelayServerStatistics statistics() {
        Tunnels.Totals totals = tunnels.totals();
        long in = totals.bytesIn();
        long out = totals.bytesOut();
        for (TunnelConnection connection : totals.connections()) {
            in += connection.bytesIn();
            out += connection.bytesOut();
        }
        return new RelayServerStatistics(
                totals.established(),
                totals.up(),
                admission.pending(),
                admission.visitorsEver(),
                admission.visitors(),
                in,
                out,
                events.refusals(),
                events.dropped());
    }

    /** Returns the totals of the public UDP ports so far. Does not block. */
    public DatagramStatistics datagrams() {
        return datagrams.read();
    }

    /**
     * Returns the established tunnels, in the order of their numbers. Does not block. Takes time in proportion to their number.
     */
    public List<OpenTunnel> openTunnels() {
        return tunnels.census().tunnels();
    }

    /**
     * Returns the totals of clients with a name, in alphabetical order. Does not block. Takes time in proportion to the number of
     * names and tunnels.
     *
     * <p>At most 1,000 names are kept: those with tunnels, and those whose last tunnel ended most recently. The totals of a
     * name that was dropped start at zero when it comes back.
     */
    public List<ClientStatistics> clients() {
        return tunnels.census().clients();
    }

    /** Returns what this node knows of its cluster; null if the server is a single one. Does not block. */
    public @Nullable ClusterView clusterView() {
        return cluster == null ? null : cluster.view();
    }

    /**
     * Returns the endpoints of all tunnels that are served in the cluster of this node, by name. Empty if the server is a single one, or
     * the node is too busy to answer. Blocks for a second at most. Takes time in proportion to the number of these endpoints.
     */
    public List<ClusterView.Served> clusterEndpoints() {
        return cluster == null ? List.of() : ClusterReport.endpoints(cluster);
    }

    /**
     * Returns whether all event loops run. Blocks until each loop has run a task, normally some microseconds.
     *
     * @param timeout how long to wait for the loops
     * @return false if a loop has ended, as after {@link #close}, or has not answered in time
     */
    public boolean isResponsive(Duration timeout) throws InterruptedException {
        return loops.awaitAnswers(Bounds.nanos(Bounds.notNegative("timeout", timeout)));
    }

    /** Blocks until {@link #close} has ended this server. */
    public void awaitEnd() throws InterruptedException {
        shutdown.awaitEnd();
    }

    /**
     * Ends the server gracefully. All public ports are closed at once, in a cluster after {@link ClusterOptions#drainDelay}, and
     * connected visitors may finish. Those that have not finished in time are reset. Until then, the control port stays open, and
     * clients that connect to it are refused with the code {@code draining}, so that they try again later.
     *
     * <p>Blocks until the server has ended: until the last visitor has left, at most nine seconds longer than {@code timeout}, in
     * a cluster 14 seconds longer. If the thread is interrupted, the visitors are reset at once and the thread stays interrupted.
     *
     * @param timeout how long visitors may take, in a cluster including the drain delay; zero means do not wait
     * @return true if all visitors had finished
     * @throws IllegalArgumentException if the timeout is negative
     */
    public boolean close(Duration timeout) {
        return shutdown.drain(Bounds.nanos(Bounds.notNegative("timeout", timeout)));
    }

    /**
     * Closes the control port and all public ports, resets all visitors, and ends the threads. Blocks until that is done,
     * normally some milliseconds, at most nine seconds, in a cluster 14 seconds. Later calls have no effect.
     */
    @Override
    public void close() {
        shutdown.close();
    }

    // ---- for the parts of the server

    Listener control() {
        return control;
    }

    Admission admission() {
        return admission;
    }

    /** Returns the load balancers in front of the public ports. */
    TrustedProxies proxies() {
        return proxies;
    }

    PublicPorts publicPorts() {
        return publicPorts;
    }

    /** Returns what admits clients, from whichever port. */
    ControlPort controlPort() {
        return controlPort;
    }

    /** Returns the memory for the first bytes of visitors that their client has not answered. */
    KeptBytes.Budget keptBytes() {
        return keptBytes;
    }

    NameRouter names() {
        return names;
    }

    PublicPorts publicUdpPorts() {
        return publicUdpPorts;
    }

    DatagramCounts datagramCounts() {
        return datagrams;
    }

    LoopGroup loops() {
        return loops;
    }

    /** Returns the loop that accepts clients. */
    Loop controlLoop() {
        return controlLoop;
    }

    ServerLog log() {
        return limited;
    }

    SecurityLog security() {
        return security;
    }

    /** Returns an identifier that no other visitor of this server, and hardly one of another server, has. */
    String newVisitorId() {
        return visitorIds + Long.toHexString(visitorIdsEver.incrementAndGet());
    }

    /** Reports that a client or visitor was refused. */
    void refused(Refusal reason, @Nullable InetSocketAddress from, String format, Object... arguments) {
        limited.refused(reason, format, arguments);
        events.refused(reason, from);
        SecurityEvent event = SecurityEvent.of(reason);
        if (event == null || from == null) return;
        if (SecurityEvent.OF_VISITORS.contains(reason)) security.visitor(event, from);
        else security.client(event, from, null);
    }

    /** Reports a failure that affects one client, which is refused; the last argument is the exception. */
    void failed(InetSocketAddress client, String format, Object... arguments) {
        limited.failed(format, arguments);
        events.refused(Refusal.FAILURE, client);
    }

    /** Makes {@code id} the next stream id of all connections, for tests. */
    void skipStreamIds(int id) {
        for (TunnelConnection connection : tunnels.connections()) connection.skipStreamIds(id);
    }

    Gate gate() {
        return gate;
    }

    ServerEvents events() {
        return events;
    }

    Tunnels tunnels() {
        return tunnels;
    }

    TunnelRegistry registry() {
        return registry;
    }

    SecureRandom random() {
        return Secrets.RANDOM;
    }

    /** Loaded when a lease needs it: the JVM takes a tenth of the start of a server for its security providers. */
    private static final class Secrets {
        static final SecureRandom RANDOM = new SecureRandom();
    }

    /** Returns the last ports of base clients; null if they are not kept. */
    @Nullable
    StickyPorts stickyPorts() {
        return stickyPorts;
    }

    /** Returns the cluster to which this server belongs; null if it is a single one. */
    @Nullable
    Cluster cluster() {
        return cluster;
    }

    /** Returns the state for the next process; null if there is none. */
    @Nullable
    StateWriter state() {
        return state;
    }

    /** Returns the time that visitors still have while it shuts down, rounded up. Unit: seconds. */
    long secondsToDrain() {
        return shutdown.secondsToDrain();
    }

    /** Returns true once no more clients are served. */
    boolean isClosing() {
        return shutdown.isClosing();
    }

    /** Returns true once all visitors are being reset. Implies {@link #isClosing}. */
    boolean isClosed() {
        return shutdown.isClosed();
    }

    /** Starts a listener. */
    private interface Start {
        void run() throws IOException;
    }

    private void start(String what, Start start) {
        try {
            start.run();
        } catch (ClosedChannelException e) {
            log.debug("relay server: closed before it accepted anything");
        } catch (IOException e) {
            log.error("relay server: cannot accept {} on {}", what, address(), e);
        }
    }
}
