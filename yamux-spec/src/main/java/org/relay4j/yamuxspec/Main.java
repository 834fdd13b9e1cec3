package org.relay4j.yamuxspec;

/** The program {@code yamux-spec.jar}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(new Cli(System.out, System.err).run(args).number());
    }
}
