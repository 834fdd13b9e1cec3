package org.relay4j.cli;

import java.io.IOException;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.cli.admin.ForwardedService;
import org.relay4j.client.RelayForwarder;
import org.relay4j.client.RelayTunnel;
import org.relay4j.client.ServiceOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The services of a forwarder on one tunnel. They follow the configuration while the tunnel is up. Safe for use by several threads.
 */
final class ForwardedServices {
    private static final Logger log = LoggerFactory.getLogger(ForwardedServices.class);

    private static final long SHORTEST_PAUSE = 1_000; // ms
    private static final long LONGEST_PAUSE = 60_000; // ms

    private final Output output;
    private final ReentrantLock changing = new ReentrantLock(); // one change at a time, which may block
    private List<Forward> wanted; // guarded by changing
    private long pause = SHORTEST_PAUSE; // ms, before the next attempt; guarded by changing
    private int round; // number of the last attempt; guarded by changing
    private volatile boolean incomplete; // not all services are as wanted; written with changing held
    private volatile @Nullable RelayTunnel
            tunnel; // null until all services were opened for the first time; written with changing held
    private volatile Map<String, Served> open =
            Map.of(); // by name, in the order of the user; written with changing held

    /** A service that the server has opened. */
    record Served(Forward service, RelayForwarder forwarder) {}

    /** The server refuses a service, or its host is not known. */
    static final class Failure extends IOException {
        private static final long serialVersionUID = 1L;

        private final String service;
        private final IOException reason;

        Failure(String service, IOException reason) {
            super("service " + service + ": " + reason.getMessage(), reason);
            this.service = service;
            this.reason = reason;
        }

        /** Returns the name of the service. */
        String service() {
            return service;
        }

        IOException reason() {
            return reason;
        }
    }

    ForwardedServices(List<Forward> wanted, Output output) {
        this.wanted = wanted;
        this.output = output;
    }

    /** Returns the services that are open, or are opened again after a loss of the tunnel. */
    List<ForwardedService> shown() {
        return open.values().stream()
                .map(one -> new ForwardedService(
                        one.service().name(),
                        one.service().localText(),
                        one.forwarder().endpoint(),
                        one.forwarder()))
                .toList();
    }

    /**
     * Opens all services. Blocks until the server has answered for each.
     *
     * @throws Failure if one of them cannot be opened
     */
    void open(RelayTunnel connected) throws IOException {
        changing.lock();
        try {
            for (Forward service : wanted) open(connected, service);
            tunnel = connected;
        } finally {
            changing.unlock();
        }
    }

    /**
     * Closes and opens services, so that they are as in a new configuration; the others stay as they are. Before the tunnel is up,
     * they are opened later. A service that cannot be opened is logged, and tried again: after a pause, or when the tunnel is up again.
     * Blocks until the server has answered for each, or one of them is not answered within the handshake timeout.
     */
    void change(List<Forward> next) {
        changing.lock();
        try {
            wanted = next;
            pause = SHORTEST_PAUSE;
            follow();
        } finally {
            changing.unlock();
        }
    }

    /** The tunnel is up again: the services that could not be opened are tried again. Does not block. */
    void up() {
        if (incomplete) start(this::retry);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "relay-services");
        thread.setDaemon(true);
        thread.start();
    }

    private void retry() {
        changing.lock();
        try {
            if (incomplete) follow();
        } finally {
            changing.unlock();
        }
    }

    /** Brings the open services in line with the wanted ones, as far as that is possible now. With changing held. */
    private void follow() {
        RelayTunnel connected = tunnel;
        if (connected == null) return;
        incomplete = true; // before isOpen is called, so that up() misses nothing
        round++;
        closeOthers();
        boolean done = true;
        for (Forward service : wanted) {
            Served served = open.get(service.name());
            if (served != null && served.service().equals(service)) continue;
            try {
                if (served != null) replace(served, service);
                else if (connected.isOpen()) open(connected, service);
                else throw new IOException("service " + service.name() + ": the tunnel is down");
                log.info("reload: service {} is forwarded to {}", service.name(), service.localText());
            } catch (CommandFailure e) { // it is open, but standard output cannot be written
                log.error("reload: {}", e.getMessage());
            } catch (IOException e) {
                done = false;
                String when = connected.isOpen() ? "in " + pause + " ms" : "when the tunnel is up again";
                log.error("reload: {}; next attempt {}", e.getMessage(), when);
                if (isWithoutAnswer(e)) break; // the others would take as long
            }
        }
        incomplete = !done;
        if (!done && connected.isOpen()) retryLater();
    }

    private static boolean isWithoutAnswer(IOException e) {
        return e instanceof Failure failure && failure.reason() instanceof RelayUnreachableException;
    }

    /** With changing held. */
    private void retryLater() {
        int number = round;
        CompletableFuture.delayedExecutor(pause, TimeUnit.MILLISECONDS, ForwardedServices::start)
                .execute(() -> retry(number));
        pause = Math.min(2 * pause, LONGEST_PAUSE);
    }

    private void retry(int number) {
        changing.lock();
        try {
            if (number == round) follow();
        } finally {
            changing.unlock();
        }
    }

    /** Closes the services that are not wanted, or have another endpoint by now. */
    private void closeOthers() {
        Map<String, Forward> next = new HashMap<>();
        for (Forward service : wanted) next.put(service.name(), service);
        for (Served served : List.copyOf(open.values())) {
            Forward service = served.service();
            if (!service.hasEndpointOf(next.get(service.name()))) close(service.name());
        }
    }

    /** Reports the service of a forwarder whose public address has changed. */
    void announce(Tunnel forwarder) {
        for (Served served : open.values()) {
            if (served.forwarder().equals(forwarder)) report(served, true);
        }
    }

    private void report(Served served, boolean reconnected) {
        RelayForwarder forwarder = served.forwarder();
        output.relaying(served.service(), forwarder.endpoint(), forwarder.publicAddress(), forwarder.id(), reconnected);
    }

    private void open(RelayTunnel connected, Forward service) throws IOException {
        ServiceOptions options = ServiceOptions.builder()
                .name(service.name())
                .share(service.share())
                .build();
        RelayForwarder forwarder;
        try {
            forwarder = connected.forward(service.endpoint(), service.local(), options);
        } catch (RelayException | UnknownHostException e) {
            throw new Failure(service.name(), e);
        } catch (IllegalArgumentException e) {
            throw new Failure(service.name(), new RelayOptionException("forward", String.valueOf(e.getMessage()), e));
        }
        show(new Served(service, forwarder));
    }

    /** Forwards the visitors of a service to another address. Those that are connected stay. */
    private void replace(Served before, Forward service) throws IOException {
        try {
            before.forwarder().forwardTo(service.local());
        } catch (UnknownHostException e) {
            throw new Failure(service.name(), e);
        }
        show(new Served(service, before.forwarder()));
    }

    private void show(Served served) {
        Map<String, Served> after = new LinkedHashMap<>(open);
        after.put(served.service().name(), served);
        open = after;
        report(served, false);
    }

    private void close(String name) {
        Map<String, Served> after = new LinkedHashMap<>(open);
        Served served = after.remove(name);
        open = after;
        if (served == null) return;
        served.forwarder().close();
        log.info("reload: service {} was closed", name);
    }
}
