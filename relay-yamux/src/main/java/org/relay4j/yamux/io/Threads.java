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
 * Factories of threads, virtual ones if this Java supports them. Virtual threads are looked up by reflection, because classes
 * for Java 17 cannot refer to them, and a multi-release jar would require a second JDK to build.
 */
public final class Threads {
    private static final @Nullable ThreadFactory VIRTUAL = virtualFactory();

    private Threads() {}

    /** Returns true if {@link #factory} creates virtual threads, that is on Java 21 and later. */
    public static boolean areVirtual() {
        return VIRTUAL != null;
    }

    /** Returns a factory of threads that may block: virtual threads if available, otherwise daemon threads. */
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

    /** Returns an executor that runs each task on a thread of {@link #factory}. */
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
            throw new IllegalStateException("virtual threads are supported but cannot be created", e);
        }
    }
}
