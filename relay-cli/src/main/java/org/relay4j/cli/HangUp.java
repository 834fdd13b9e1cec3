package org.relay4j.cli;

import java.io.FileInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** SIGHUP: the request to read the configuration again, or the end of the terminal that the process was started in. */
final class HangUp {
    /*
     * Without a handler, SIGHUP ends the process, which is right when its terminal is closed. A process can open /dev/tty as
     * long as it has a terminal, so one that had a terminal at the start and has none now has lost it.
     *
     * sun.misc.Signal is the only way to handle a signal in Java. Reflection avoids the compiler's warning about it, which
     * cannot be suppressed, and keeps the program running without the module jdk.unsupported, and on Windows without this signal.
     */
    private static final Logger log = LoggerFactory.getLogger(HangUp.class);
    private static final String TERMINAL = "/dev/tty";

    private HangUp() {}

    /**
     * Handles the signal from now on, on a thread of its own.
     *
     * @param reload reads the configuration again
     * @param end ends the process, like SIGTERM
     */
    static void handle(Runnable reload, Runnable end) {
        boolean started = hasTerminal();
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler action = (proxy, method, arguments) -> {
                if (!method.getName().equals("handle")) return method.invoke(reload, arguments); // of Object
                if (started && !hasTerminal()) end.run();
                else reload.run();
                return null;
            };
            Object proxy = Proxy.newProxyInstance(HangUp.class.getClassLoader(), new Class<?>[] {handler}, action);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance("HUP"), proxy);
        } catch (ReflectiveOperationException e) {
            log.debug("SIGHUP cannot be used on this system, a changed file is noticed without it", e);
        }
    }

    private static boolean hasTerminal() {
        try (FileInputStream terminal = new FileInputStream(TERMINAL)) {
            return terminal.getFD().valid();
        } catch (IOException e) {
            return false;
        }
    }
}
