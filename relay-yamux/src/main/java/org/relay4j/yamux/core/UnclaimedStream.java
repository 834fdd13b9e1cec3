package org.relay4j.yamux.core;

import java.nio.ByteBuffer;

/** The placeholder handler of a stream without a handler; it never receives an event. */
enum UnclaimedStream implements StreamHandler {
    INSTANCE;

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {}

    @Override
    public void onBuffered(MuxStream stream) {}

    @Override
    public void onFin(MuxStream stream) {}

    @Override
    public void onReset(MuxStream stream, Cause cause) {}

    @Override
    public void onWritable(MuxStream stream) {}
}
