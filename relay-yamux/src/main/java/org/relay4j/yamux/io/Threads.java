package org.relay4j.yamux.io;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The one place that knows whether this Java has virtual threads. They are looked up by name, because classes for Java 17
 * cannot name them, and a multi-release jar could only be built with a second JDK.
 */
public final class Threads {
    private static final @Nullable ThreadFactory VIRTUAL = virtualFactory();

    private Threads() {}

    /** True when {@link #factory} makes virtual threads: on Java 21 and later. */
    public static boolean areVirtual() {
        return VIRTUAL != null;
    }

    /** Makes threads that may block: virtual where there are some, else daemon threads. */
    public static ThreadFactory factory(String name) {
        AtomicInteger count = new AtomicInteger();
        ThreadFactory virtual = VIRTUAL;
        return task -> {
            Thread thread = virtual != null ? virtual.newThread(task) : new Thread(task);
            thread.setName(name + "-" + count.incrementAndGet());
            if (virtual == null) thread.setDaemon(true);
            return thread;
        };
    }

    /** An executor with a thread of {@link #factory} for each running task. */
    public static ExecutorService executor(String name) {
        return Executors.newCachedThreadPool(factory(name));
    }

    private static @Nullable ThreadFactory virtualFactory() {
        try {
            MethodHandles.Lookup lookup = MethodHandles.publicLookup();
            Class<?> builder = Class.forName("java.lang.Thread$Builder");
            Class<?> ofVirtual = Class.forName("java.lang.Thread$Builder$OfVirtual");
            MethodHandle make = lookup.findStatic(Thread.class, "ofVirtual", MethodType.methodType(ofVirtual));
            MethodHandle factory = lookup.findVirtual(builder, "factory", MethodType.methodType(ThreadFactory.class));
            return (ThreadFactory) factory.invoke(make.invoke());
        } catch (ReflectiveOperationException e) {
            return null; // Java 20 or earlier
        } catch (Throwable e) {
            throw new IllegalStateException("virtual threads exist and cannot be made", e);
        }
    }
}
