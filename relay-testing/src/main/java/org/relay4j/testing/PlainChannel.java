package org.relay4j.testing;

import java.nio.channels.SocketChannel;

/** A blocking socket that does not look like one, so that a session over it is driven by threads. */
public final class PlainChannel extends WrappedChannel {
    private final SocketChannel socket;

    public PlainChannel(SocketChannel socket) {
        super(socket);
        this.socket = socket;
    }

    public SocketChannel socket() {
        return socket;
    }

    @Override
    public String toString() {
        return "plain " + socket;
    }
}
