package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A handler with a defect: one of its methods throws. It takes no bytes. */
final class Throwing implements StreamHandler {
    @Nullable
    Cause reset; // the cause passed to onReset

    private final String method;

    Throwing(String method) {
        this.method = method;
    }

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        called("onData");
    }

    @Override
    public void onBuffered(MuxStream stream) {
        called("onBuffered");
    }

    @Override
    public void onFin(MuxStream stream) {
        called("onFin");
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        reset = cause;
        called("onReset");
    }

    @Override
    public void onGone(MuxStream stream, @Nullable Cause cause) {
        called("onGone");
    }

    @Override
    public void onWritable(MuxStream stream) {
        called("onWritable");
    }

    private void called(String name) {
        if (name.equals(method)) throw new IllegalStateException("as if " + name + " had a defect");
    }
}
