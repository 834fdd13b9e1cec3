package org.relay4j.conformance;

/** What the kit tells whoever started it. */
enum ExitCode {
    OK(0, "no case failed"),
    FAILED(1, "some cases failed"),
    USAGE(2, "wrong arguments"),
    UNREACHABLE(3, "no endpoint there");

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
