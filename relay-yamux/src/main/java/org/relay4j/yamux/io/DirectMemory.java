package org.relay4j.yamux.io;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The direct memory limit of this JVM, which applies to socket buffers outside the heap, and the part of it for Relay. */
final class DirectMemory {
    /*
     * The budget is half of what the JVM allows; the other half is left to the rest of the program. To ask the JVM loads its
     * management classes, which is a visible part of the start of a program, so it is asked when the least budget does not
     * suffice any more.
     */
    static final String BUDGET = "relay4j.bufferBudget";

    static final long LEAST_BUDGET = 4L << 20; // bytes

    private static final Logger log = LoggerFactory.getLogger(DirectMemory.class);

    private DirectMemory() {}

    /** Parses the system property: a number of bytes, optionally followed by k, m or g. */
    static LongSupplier budget(@Nullable String property, LongSupplier otherwise) {
        if (property == null) return otherwise;
        Matcher number = Pattern.compile("([0-9]{1,12})([kmg]?)").matcher(property.toLowerCase(Locale.ROOT));
        if (number.matches()) {
            int shift = 10 * " kmg".indexOf(number.group(2).isEmpty() ? " " : number.group(2));
            long count = Long.parseLong(number.group(1));
            if (count <= Long.MAX_VALUE >> shift && count << shift >= LEAST_BUDGET) return () -> count << shift;
        }
        log.warn("-D{}={} is ignored: it must be a number of bytes of at least 4m, such as 256m", BUDGET, property);
        return otherwise;
    }

    /** Returns the budget without the system property. Unit: bytes. */
    static long half() {
        return Math.max(LEAST_BUDGET, limit() / 2);
    }

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
