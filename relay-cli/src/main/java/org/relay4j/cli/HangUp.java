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
     * The handler is installed before a configuration file is read, because "systemctl reload" can follow a start at once. A logger
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
    private volatile @Nullable ReflectiveOperationException unsupported;
    private volatile @Nullable Thread preparation;

    /** @param end ends the process, like SIGTERM */
    HangUp(Runnable end) {
        this.end = end;
    }

    /**
     * Begins to handle the signal, on a thread of its own; returns before it is handled. Another thread prepares that, because
     * reflection is a visible part of the time of a start.
     */
    void install() {
        boolean started = hasTerminal();
        Thread thread = new Thread(() -> handle(started), "relay-signals");
        thread.setDaemon(true);
        thread.start();
        preparation = thread;
    }

    /** @param started whether the process had a terminal at the start */
    private void handle(boolean started) {
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
            unsupported = e;
        }
    }

    /**
     * Sets the answer to the signal, which was remembered if it came earlier. Called when the log has its options. Waits until the
     * signal is handled, so that it can be sent as soon as the program says that it runs.
     */
    void answer(Runnable action) {
        awaitHandled();
        boolean now;
        lock.lock();
        try {
            answer = action;
            now = early;
            early = false;
        } finally {
            lock.unlock();
        }
        ReflectiveOperationException failure = unsupported;
        if (failure != null) {
            LoggerFactory.getLogger(HangUp.class)
                    .debug("SIGHUP cannot be used on this system, a changed file is noticed without it", failure);
        }
        if (now) action.run();
    }

    /** Waits until the signal is handled, if it was installed. */
    void awaitHandled() {
        Thread thread = preparation;
        if (thread == null) return; // not installed
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the command ends at its next wait
        }
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
