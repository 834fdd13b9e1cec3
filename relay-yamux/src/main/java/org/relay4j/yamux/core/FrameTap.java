package org.relay4j.yamux.core;

/** Sees the header of each frame, for the trace log and for tests. */
public interface FrameTap {
    void onFrame(boolean outbound, int type, int flags, int id, long length);
}
