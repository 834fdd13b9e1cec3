package org.relay4j.yamux.io;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/** The direct memory limit of this JVM, which applies to socket buffers outside the heap. */
final class DirectMemory {
    private DirectMemory() {}

    /** Returns the value of {@code -XX:MaxDirectMemorySize}; by default, the maximum size of the heap. Unit: bytes. */
    static long limit() {
        long heap = Runtime.getRuntime().maxMemory();
        try {
            HotSpotDiagnosticMXBean jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            if (jvm == null) return heap;
            long set = Long.parseLong(jvm.getVMOption("MaxDirectMemorySize").getValue());
            return set == 0 ? heap : set;
        } catch (IllegalArgumentException | UnsupportedOperationException | LinkageError e) {
            return heap; // not HotSpot, or the module jdk.management is missing
        }
    }
}
