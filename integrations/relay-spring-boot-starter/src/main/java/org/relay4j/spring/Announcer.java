package org.relay4j.spring;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationEventPublisher;

/**
 * Tells the application what happens to its tunnel: its beans that are {@link TunnelListener}s, in their order, then whoever
 * listens to application events. One that fails keeps nothing from the others.
 */
final class Announcer implements TunnelListener {
    private static final Logger log = LoggerFactory.getLogger(Announcer.class);

    // Asked for when there is something to tell: a listener may itself want the tunnel.
    private final ObjectProvider<TunnelListener> listeners;
    private final ApplicationEventPublisher events;

    Announcer(ObjectProvider<TunnelListener> listeners, ApplicationEventPublisher events) {
        this.listeners = listeners;
        this.events = events;
    }

    @Override
    public void up(Tunnel tunnel) {
        tell(listener -> listener.up(tunnel), new TunnelUp(tunnel, tunnel.publicAddress()));
    }

    @Override
    public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        tell(listener -> listener.down(tunnel, cause, willRetry), new TunnelDown(tunnel, cause, willRetry));
    }

    private void tell(Consumer<TunnelListener> call, Object event) {
        listeners.orderedStream().forEach(listener -> attempt(() -> call.accept(listener)));
        attempt(() -> events.publishEvent(event));
    }

    private static void attempt(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            log.error("a listener to the tunnel has failed", e);
        }
    }
}
