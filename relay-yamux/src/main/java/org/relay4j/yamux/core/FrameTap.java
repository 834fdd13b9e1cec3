package org.relay4j.yamux.core;

/** An observer of all frame headers, for the trace log and for tests. */
public interface FrameTap {
    void onFrame(boolean outbound, int type, int flags, int id, long length);
}
