package org.relay4j.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What standard error can show.
 *
 * @param progress whether a person watches it, on a terminal that can rewrite its last line
 * @param colours whether colours are wanted too
 */
record Terminal(boolean progress, boolean colours) {
    /** A file, a pipe or a journal. */
    static final Terminal NONE = new Terminal(false, false);

    /** Moves to the beginning of the line, and clears it. */
    static final String CLEAR = "\r\u001b[K";

    /** Looks at standard error of this process, and at {@code TERM} and {@code NO_COLOR}. */
    static Terminal ofStandardError(Map<String, String> environment) {
        return of(isTerminal(), System.getProperty("os.name"), environment);
    }

    static Terminal of(boolean terminal, String operatingSystem, Map<String, String> environment) {
        // The console of Windows shows escape sequences as they are, unless it is a newer one.
        boolean windows = operatingSystem.toLowerCase(Locale.ROOT).startsWith("windows");
        boolean plain = windows
                ? environment.getOrDefault("WT_SESSION", "").isEmpty()
                : environment.getOrDefault("TERM", "dumb").equals("dumb");
        if (!terminal || plain) return NONE;
        return new Terminal(true, environment.getOrDefault("NO_COLOR", "").isEmpty());
    }

    private static boolean isTerminal() {
        try { // Java knows only whether standard input and output are both terminals
            String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") || device.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return isTerminal(System.console()); // not Linux
        }
    }

    /** Since Java 22, there can be a console without a terminal. */
    private static boolean isTerminal(@Nullable Console console) {
        if (console == null) return false;
        try {
            return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
        } catch (NoSuchMethodException e) {
            return true;
        } catch (ReflectiveOperationException e) {
            return false;
        }
    }
}
