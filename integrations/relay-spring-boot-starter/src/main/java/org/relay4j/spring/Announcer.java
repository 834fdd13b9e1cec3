package org.relay4j.spring;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.Visitor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.util.function.SingletonSupplier;

/**
 * Notifies the application of what happens to its tunnel: first the beans that are {@link TunnelListener}s, in their order, then,
 * when the tunnel goes up or down, the listeners to application events. They receive the bean, not its forwarder.
 * A listener that fails does not affect the others.
 */
final class Announcer implements TunnelListener {
    private static final Logger log = LoggerFactory.getLogger(Announcer.class);

    private final WebTunnel bean;
    // Looked up at the first event: a listener may itself depend on the tunnel.
    private final SingletonSupplier<List<TunnelListener>> listeners;
    private final ApplicationEventPublisher events;

    Announcer(WebTunnel bean, ObjectProvider<TunnelListener> listeners, ApplicationEventPublisher events) {
        this.bean = bean;
        this.listeners = SingletonSupplier.of(() -> listeners.orderedStream().toList());
        this.events = events;
    }

    @Override
    public void up(Tunnel tunnel) {
        bean.isUp(tunnel);
        tell(listener -> listener.up(bean), () -> new TunnelUp(bean, bean.publicAddress()));
    }

    @Override
    public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        bean.isDown(cause);
        tell(listener -> listener.down(bean, cause, willRetry), () -> new TunnelDown(bean, cause, willRetry));
        if (!willRetry) bean.isAnnounced();
    }

    @Override
    public void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {
        tell(listener -> listener.publicAddressChanged(bean, before));
    }

    @Override
    public void visitorAccepted(Tunnel tunnel, Visitor visitor) {
        tell(listener -> listener.visitorAccepted(bean, visitor));
    }

    @Override
    public void visitorClosed(Tunnel tunnel, Visitor visitor, @Nullable Throwable cause) {
        tell(listener -> listener.visitorClosed(bean, visitor, cause));
    }

    @Override
    public void roundTrip(Tunnel tunnel, Duration roundTrip) {
        tell(listener -> listener.roundTrip(bean, roundTrip));
    }

    private void tell(Consumer<TunnelListener> call) {
        tell(call, null);
    }

    private void tell(Consumer<TunnelListener> call, @Nullable Supplier<Object> event) {
        boolean interrupted = false;
        for (TunnelListener listener : listeners.obtain()) interrupted |= attempt(() -> call.accept(listener));
        if (event != null) interrupted |= attempt(() -> events.publishEvent(event.get()));
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Returns whether the call has left the thread's interrupt flag set. The flag is cleared for the next call. */
    private static boolean attempt(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            log.error("a tunnel listener has failed", e);
        }
        return Thread.interrupted();
    }
}
