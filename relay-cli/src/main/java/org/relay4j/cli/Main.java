package org.relay4j.cli;

/** The program {@code relay.jar}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        StandardErrorLogging.use();
        Shutdown shutdown = new Shutdown();
        shutdown.install();
        shutdown.exit(
                new Cli(System.getenv(), System.out, System.err, shutdown, Terminal.ofStandardError(System.getenv()))
                        .run(args));
    }
}
