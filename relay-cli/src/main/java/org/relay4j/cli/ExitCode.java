package org.relay4j.cli;

/** What the relay command tells whoever started it about its end. */
enum ExitCode {
    OK(0, "asked for help or version, or ended by SIGTERM or Ctrl-C"),
    FAILURE(1, "any other failure"),
    USAGE(2, "wrong arguments"),
    UNREACHABLE(3, "no relay server at that address"),
    AUTHENTICATION(4, "the server does not accept this client"),
    PORT_UNAVAILABLE(5, "the port is in use, or the server has none left for this client"),
    TUNNEL_LOST(6, "the tunnel was up, is lost, and is not tried again");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    int number() {
        return number;
    }

    /** For the help text. */
    String meaning() {
        return meaning;
    }
}
