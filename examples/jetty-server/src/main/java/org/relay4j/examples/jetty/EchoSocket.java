package org.relay4j.examples.jetty;

import java.nio.ByteBuffer;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/** Echoes each message before it accepts the next. It is public because Jetty finds its methods by reflection. */
public final class EchoSocket implements Session.Listener {
    @SuppressWarnings("NullAway.Init") // Jetty opens it before anything else
    private Session session;

    @Override
    public void onWebSocketOpen(Session opened) {
        session = opened;
        session.demand();
    }

    @Override
    public void onWebSocketText(String message) {
        session.sendText(message, next(() -> {}));
    }

    @Override
    public void onWebSocketBinary(ByteBuffer message, Callback callback) {
        session.sendBinary(message, next(callback::succeed));
    }

    private Callback next(Runnable sent) {
        return Callback.from(
                () -> {
                    sent.run();
                    session.demand();
                },
                failure -> session.disconnect());
    }
}
