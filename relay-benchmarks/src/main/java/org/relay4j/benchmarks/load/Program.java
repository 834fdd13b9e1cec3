package org.relay4j.benchmarks.load;

import java.io.IOException;

/** The main method of a program that is used from the command line. */
public final class Program {
    private static final int FAILURE = 1; // exit code
    private static final int USAGE = 2; // exit code

    /** What it does. */
    public interface Body {
        /**
         * Returns the exit code.
         *
         * @throws IllegalArgumentException if it was called wrongly
         */
        int run() throws IOException, InterruptedException;
    }

    private Program() {}

    /** Runs the program and ends the process: with the usage if it was called wrongly, and with the reason if it has failed. */
    public static void run(String usage, Body body) throws InterruptedException {
        try {
            System.exit(body.run());
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.err.println(usage);
            System.exit(USAGE);
        } catch (IOException e) {
            System.err.println(e);
            System.exit(FAILURE);
        }
    }
}
