package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.DatagramMemory;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A local UDP service that the visitors of a UDP port are connected to. Each visitor has a socket of its own, so that the service
 * can tell them apart. On the loop of their connection, with the session's lock held.
 */
final class DatagramForwardService implements Service {
    private static final Logger log = LoggerFactory.getLogger(DatagramForwardService.class);

    /** Maximum number of visitors, each of which has a file descriptor. Others are reset. */
    static final int MOST = 4_096;

    private final LocalTarget target;
    private final Visits visits;
    private final int most; // visitors
    private final DatagramMemory memory = new DatagramMemory();
    private final AtomicInteger present = new AtomicInteger(); // visitors
    private final LimitedLog unreachable = new LimitedLog(log, Level.WARN);
    private final LimitedLog tooMany = new LimitedLog(log, Level.WARN);
    private volatile boolean stopped; // there are no further visitors
    private volatile int turn; // index of the address to use, modulo their number

    DatagramForwardService(LocalTarget target, Visits visits) {
        this(target, visits, MOST);
    }

    /** @param most maximum number of visitors */
    DatagramForwardService(LocalTarget target, Visits visits, int most) {
        this.target = target;
        this.visits = visits;
        this.most = most;
    }

    /** Resolves the host of the local service. If that fails, the service keeps the addresses that it had before. */
    @Override
    public void prepare() throws UnknownHostException {
        target.prepare();
    }

    /** Those who are here stay. */
    @Override
    public void stopWaiting() {
        stopped = true;
    }

    @Override
    public @Nullable StreamHandler begin(ServiceConnection on, MuxStream stream, @Nullable VisitorHeader header) {
        if (stopped) return null;
        if (present.incrementAndGet() > most) {
            present.decrementAndGet();
            tooMany.log("{}: visitor reset, {} visitors of {} are present", on, most, target.service());
            return null;
        }
        LocalDatagrams visitor = new LocalDatagrams(this, on, VisitorHeader.of(header));
        StreamHandler handler = null;
        try {
            on.driver().splices();
            handler = visitor.begin(stream, address());
            visits.accepted(on.driver(), stream, visitor.header(), visitor::close);
        } catch (IOException e) {
            unreachable(on, e);
        } finally {
            if (handler == null) present.decrementAndGet();
        }
        return handler;
    }

    private InetSocketAddress address() throws IOException {
        List<SocketAddress> addresses = target.service().addresses();
        if (addresses.isEmpty()) throw new IOException("its host has no address");
        return (InetSocketAddress) addresses.get(Math.floorMod(turn, addresses.size()));
    }

    DatagramMemory memory() {
        return memory;
    }

    /** A visitor has left. The cause is null if it left gracefully. */
    void left(ServiceConnection on, MuxStream stream, LocalDatagrams visitor, Supplier<@Nullable Throwable> cause) {
        present.decrementAndGet();
        visits.closed(stream, visitor.header(), cause);
        if (log.isDebugEnabled()) log.debug("{}: {} of {} has left: {}", on, visitor, target.service(), cause.get());
    }

    /** Returns the number of visitors. From any thread. */
    int present() {
        return present.get();
    }

    /** Nobody listens at the address of a visitor that got no reply. The next visitor is connected to the next address. */
    void refused(InetSocketAddress address) {
        List<SocketAddress> addresses = target.service().addresses();
        int index = turn;
        if (!addresses.isEmpty()
                && addresses.get(Math.floorMod(index, addresses.size())).equals(address)) turn = index + 1;
    }

    void unreachable(ServiceConnection on, IOException failure) {
        String why = String.valueOf(failure.getMessage());
        unreachable.log("{}: visitor reset, cannot reach the local UDP service {}: {}", on, target.service(), why);
    }
}
