package org.relay4j.yamux.core;

import java.nio.ByteBuffer;

/** The handler of a stream that nobody has taken yet: no event ever reaches it. */
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
