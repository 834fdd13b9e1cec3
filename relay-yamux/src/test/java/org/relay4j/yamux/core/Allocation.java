package org.relay4j.yamux.core;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** The bytes that the running thread has allocated so far. By reflection, because the module under test does not read the JDK's management. */
public final class Allocation {
    private static final MethodHandle BYTES = bytes();

    private Allocation() {}

    public static long bytesOfThisThread() {
        try {
            return (long) BYTES.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static MethodHandle bytes() {
        try {
            Class<?> beans = Class.forName("java.lang.management.ManagementFactory");
            Object bean = beans.getMethod("getThreadMXBean").invoke(null);
            Class<?> type = Class.forName("com.sun.management.ThreadMXBean");
            return MethodHandles.publicLookup()
                    .findVirtual(type, "getCurrentThreadAllocatedBytes", MethodType.methodType(long.class))
                    .bindTo(bean);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("this JDK does not count allocated bytes", e);
        }
    }
}
