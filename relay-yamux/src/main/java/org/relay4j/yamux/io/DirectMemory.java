package org.relay4j.yamux.io;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** What this JVM allows of the memory outside its heap in which buffers for sockets lie. */
final class DirectMemory {
    private DirectMemory() {}

    /** What {@code -XX:MaxDirectMemorySize} says; without it as much as the heap may have. Unit: bytes. */
    static long limit() {
        long heap = Runtime.getRuntime().maxMemory();
        try {
            HotSpotDiagnosticMXBean jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            if (jvm == null) return heap;
            long set = Long.parseLong(jvm.getVMOption("MaxDirectMemorySize").getValue());
            return set == 0 ? heap : set;
        } catch (IllegalArgumentException | UnsupportedOperationException | LinkageError e) {
            return heap; // another JVM, or one without the module that tells
        }
    }
}
