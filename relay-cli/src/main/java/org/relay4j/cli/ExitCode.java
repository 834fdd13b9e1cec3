package org.relay4j.cli;

/** The exit codes of the relay command. The meaning of a number never changes. */
enum ExitCode {
    OK(0, "done, or ended by SIGTERM or Ctrl-C"),
    FAILURE(1, "any other failure"),
    USAGE(2, "wrong arguments, or a file or folder that cannot be used"),
    UNREACHABLE(
            3, "no relay server at that address or behind the proxy, or one that does not support the options in use"),
    NOT_ACCEPTED(4, "a certificate, a token, the client's name or the proxy's password was not accepted"),
    PORT_UNAVAILABLE(
            5,
            "the control port or socket, the admin port or socket, or the requested public port is in use, or the server has no"
                    + " public port for this client"),
    TUNNEL_LOST(6, "the tunnel was lost, and --no-reconnect is set");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    int number() {
        return number;
    }

    /** Returns the meaning for the help text. */
    String meaning() {
        return meaning;
    }
}
