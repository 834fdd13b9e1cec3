package org.relay4j.conformance;

/** The exit codes of the kit. */
enum ExitCode {
    OK(0, "no case failed"),
    FAILED(1, "some cases failed"),
    USAGE(2, "wrong usage"),
    UNREACHABLE(3, "no endpoint found");

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
