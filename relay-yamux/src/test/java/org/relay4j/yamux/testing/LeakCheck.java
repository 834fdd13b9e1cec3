package org.relay4j.yamux.testing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.relay4j.yamux.io.BufferPool;

/**
 * Fails a test class that leaves something behind: a thread of Relay's, or pooled memory that nobody returned. Threads of
 * a pool that wait for work are none, they end on their own. In this module, whose packages JUnit cannot open, it is used as
 *
 * <pre>{@code @RegisterExtension static final LeakCheck LEAKS = new LeakCheck.EachTest();}</pre>
 *
 * <p>The modules above this one need {@code --add-exports org.relay4j.yamux/org.relay4j.yamux.io=ALL-UNNAMED} for it.
 */
public class LeakCheck implements AfterAllCallback {
    /** The same after each single test, for classes whose tests share nothing. */
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

    private static long reported; // bytes; found by an earlier check, which has failed because of them

    /** Waits until nothing is left. */
    public static void check() {
        try {
            Await.until(
                    LeakCheck::describe,
                    () -> threads().isEmpty() && BufferPool.shared().inUse() <= reported);
        } catch (AssertionError e) {
            reported = BufferPool.shared().inUse();
            throw e;
        }
    }

    private static String describe() {
        StringBuilder text = new StringBuilder("no thread and no memory is left; ");
        text.append(BufferPool.shared().inUse()).append(" bytes are in use, and ");
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
