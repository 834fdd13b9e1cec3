package org.relay4j.spring;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
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
 * Tells the application what happens to its tunnel: its beans that are {@link TunnelListener}s, in their order, then, of ups
 * and downs, whoever listens to application events. All hear of the bean, whichever forwarder is behind it. One that fails
 * keeps nothing from the others.
 */
final class Announcer implements TunnelListener {
    private static final Logger log = LoggerFactory.getLogger(Announcer.class);

    private final WebTunnel bean;
    // Asked for once there is something to tell: a listener may itself want the tunnel.
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
        tell(listener -> listener.up(bean));
        attempt(() -> events.publishEvent(new TunnelUp(bean, bean.publicAddress())));
    }

    @Override
    public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        bean.isDown(cause);
        tell(listener -> listener.down(bean, cause, willRetry));
        attempt(() -> events.publishEvent(new TunnelDown(bean, cause, willRetry)));
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
        for (TunnelListener listener : listeners.obtain()) attempt(() -> call.accept(listener));
    }

    private static void attempt(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            log.error("a listener to the tunnel has failed", e);
        }
    }
}
