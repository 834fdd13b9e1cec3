package org.relay4j.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A check that fails a test class that leaks a Relay thread or pooled memory. Idle pool threads are ignored because
 * they end by themselves.
 *
 * <p>The buffer pool and the loops are looked up by name, because relay-yamux's tests depend on this module and not the
 * other way round.
 */
public class LeakCheck implements AfterAllCallback {
    /** The same check after each test, for classes whose tests share nothing. */
    public static final class EachTest extends LeakCheck implements AfterEachCallback {
        @Override
        public void afterEach(ExtensionContext context) {
            check();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        check();
    }

    private static long reported; // bytes; leak already reported by an earlier check

    /** Waits until no thread and no memory is left. */
    public static void check() {
        try {
            Await.until(LeakCheck::describe, () -> {
                endUnusedLoops();
                return threads().isEmpty() && inUse() <= reported;
            });
        } catch (AssertionError e) {
            reported = inUse();
            throw e;
        }
    }

    /** Returns the pooled memory in use, in bytes. It is 0 without relay-yamux. */
    public static long inUse() {
        try {
            Class<?> pool = Class.forName("org.relay4j.yamux.io.BufferPool");
            return (long)
                    pool.getMethod("inUse").invoke(pool.getMethod("shared").invoke(null));
        } catch (ClassNotFoundException e) {
            return 0;
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the buffer pool cannot be asked", e);
        }
    }

    /**
     * Ends the unused shared loops now instead of 30 s later. Loops that a session still uses remain and are reported.
     */
    public static void endUnusedLoops() {
        try {
            Class.forName("org.relay4j.yamux.io.LoopGroup")
                    .getMethod("endUnused")
                    .invoke(null);
        } catch (ClassNotFoundException e) {
            // There are none.
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the shared loops cannot be ended", e);
        }
    }

    private static String describe() {
        StringBuilder text = new StringBuilder("no thread and no memory is left; ");
        text.append(inUse()).append(" bytes are in use, and ");
        threads().forEach(thread -> text.append('\n').append(thread));
        return text.toString();
    }

    private static List<String> threads() {
        List<String> left = new ArrayList<>();
        for (Map.Entry<Thread, StackTraceElement[]> entry :
                Thread.getAllStackTraces().entrySet()) {
            Thread thread = entry.getKey();
            if (!thread.getName().startsWith("relay-") || !thread.isAlive() || isIdle(entry.getValue())) continue;
            left.add(thread + " " + Arrays.toString(entry.getValue()));
        }
        return left;
    }

    private static boolean isIdle(StackTraceElement[] stack) {
        for (StackTraceElement frame : stack) {
            if (frame.getClassName().equals("java.util.concurrent.ThreadPoolExecutor")
                    && frame.getMethodName().equals("getTask")) return true;
        }
        return false;
    }
}
