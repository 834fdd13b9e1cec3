package org.relay4j.cli;

import org.jspecify.annotations.Nullable;

/** A failure that ends the command with an exit code and one line that names the value and the remedy. */
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode code;

    CommandFailure(ExitCode code, String line, @Nullable Throwable cause) {
        super(line, cause);
        this.code = code;
    }

    static CommandFailure usage(String line) {
        return new CommandFailure(ExitCode.USAGE, line, null);
    }

    ExitCode code() {
        return code;
    }
}
