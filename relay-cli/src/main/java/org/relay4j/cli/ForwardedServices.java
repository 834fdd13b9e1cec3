package org.relay4j.cli;

import java.io.IOException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayOptionException;
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

    private final Output output;
    private final ReentrantLock changing = new ReentrantLock(); // one change at a time, which may block
    private List<Forward> wanted; // guarded by changing
    private volatile @Nullable RelayTunnel tunnel; // null until it is up for the first time; written with changing held
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
            tunnel = connected;
            for (Forward service : wanted) open(connected, service);
        } finally {
            changing.unlock();
        }
    }

    /**
     * Closes and opens services, so that they are as in a new configuration; the others stay as they are. Before the tunnel is up,
     * they are opened later. A service that cannot be opened is logged, and tried again with the next change.
     */
    void change(List<Forward> next) {
        changing.lock();
        try {
            wanted = next;
            RelayTunnel connected = tunnel;
            if (connected == null) return;
            List<Forward> before = new ArrayList<>();
            for (Served served : open.values()) before.add(served.service());
            Set<String> differences = Forward.differences(before, next);
            for (Forward service : before) {
                if (differences.contains(service.name())) close(service.name());
            }
            for (Forward service : next) {
                if (differences.contains(service.name())) openLater(connected, service);
            }
        } finally {
            changing.unlock();
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
        ServiceOptions options = ServiceOptions.builder().name(service.name()).build();
        RelayForwarder forwarder;
        try {
            forwarder = connected.forward(service.endpoint(), service.local(), options);
        } catch (RelayException | UnknownHostException e) {
            throw new Failure(service.name(), e);
        } catch (IllegalArgumentException e) {
            throw new Failure(service.name(), new RelayOptionException("forward", String.valueOf(e.getMessage()), e));
        }
        Map<String, Served> after = new LinkedHashMap<>(open);
        Served served = new Served(service, forwarder);
        after.put(service.name(), served);
        open = after;
        report(served, false);
    }

    private void openLater(RelayTunnel connected, Forward service) {
        try {
            open(connected, service);
            log.info("reload: service {} is forwarded to {}", service.name(), service.localText());
        } catch (IOException e) {
            log.error("reload: {}; it is tried again with the next reload", e.getMessage());
        }
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
