package org.relay4j.conformance;

/** The program {@code yamux-conformance.jar}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(new Cli(System.out, System.err).run(args).number());
    }
}
