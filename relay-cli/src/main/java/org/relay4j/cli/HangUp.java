package org.relay4j.cli;

import java.io.FileInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * SIGHUP: the request to read the configuration again, or the end of the terminal that the process was started in. Safe for use by
 * several threads.
 */
final class HangUp {
    /*
     * Without a handler, SIGHUP ends the process, which is right when its terminal is closed. A process can open /dev/tty as
     * long as it has a terminal, so one that had a terminal at the start and has none now has lost it.
     *
     * The handler is installed before the arguments are read, because "systemctl reload" can follow a start at once. A logger
     * in a static field would start the log then, without its options.
     *
     * sun.misc.Signal is the only way to handle a signal in Java. Reflection avoids the compiler's warning about it, which
     * cannot be suppressed, and keeps the program running without the module jdk.unsupported, and on Windows without this signal.
     */
    private static final String TERMINAL = "/dev/tty";

    private final ReentrantLock lock = new ReentrantLock();
    private final Runnable end;
    private @Nullable Runnable answer; // guarded by lock
    private boolean early; // a signal came before there was an answer; guarded by lock
    private @Nullable ReflectiveOperationException unsupported; // guarded by lock

    /** @param end ends the process, like SIGTERM */
    HangUp(Runnable end) {
        this.end = end;
    }

    /** Handles the signal from now on, on a thread of its own. */
    void install() {
        boolean started = hasTerminal();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler action = (proxy, method, arguments) -> {
                if (!method.getName().equals("handle")) return method.invoke(this, arguments); // of Object
                if (started && !hasTerminal()) end.run();
                else arrived();
                return null;
            };
            Object proxy = Proxy.newProxyInstance(HangUp.class.getClassLoader(), new Class<?>[] {handler}, action);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), proxy);
        } catch (ReflectiveOperationException e) {
            lock.lock();
            try {
                unsupported = e;
            } finally {
                lock.unlock();
            }
        }
    }

    /** Sets the answer to the signal, which was remembered if it came earlier. Called when the log has its options. */
    void answer(Runnable action) {
        boolean now;
        ReflectiveOperationException failure;
        lock.lock();
        try {
            answer = action;
            now = early;
            early = false;
            failure = unsupported;
        } finally {
            lock.unlock();
        }
        if (failure != null) {
            LoggerFactory.getLogger(HangUp.class)
                    .debug("SIGHUP cannot be used on this system, a changed file is noticed without it", failure);
        }
        if (now) action.run();
    }

    /** The signal has come. */
    void arrived() {
        Runnable action;
        lock.lock();
        try {
            action = answer;
            early = action == null;
        } finally {
            lock.unlock();
        }
        if (action != null) action.run();
    }

    private static boolean hasTerminal() {
        try (FileInputStream terminal = new FileInputStream(TERMINAL)) {
            return terminal.getFD().valid();
        } catch (IOException e) {
            return false;
        }
    }
}
