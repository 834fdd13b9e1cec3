package org.relay4j.cli;

import org.jspecify.annotations.Nullable;

/**
 * Where a secret is: in a file, or in an environment variable. It is never an argument, which other users could see. At most one
 * of the two is set.
 *
 * @param file the name of the file
 * @param text the secret itself, from the variable
 */
record Secret(@Nullable Value file, @Nullable String text) {
    /**
     * Chooses between an option that names a file and a variable. An argument takes precedence over the variable, and the variable
     * over the configuration file.
     *
     * @throws CommandFailure if the environment has both
     */
    static Secret of(Arguments arguments, Flag option, String variable) {
        Value file = arguments.get(option);
        String text = arguments.variable(variable);
        if (file == null || text == null) return new Secret(file, text);
        if (file.name().equals(option.variable())) {
            throw CommandFailure.usage(variable + " and " + file.name() + " are both set; use one of them");
        }
        return file.isFromFile() ? new Secret(null, text) : new Secret(file, null);
    }

    /** Never shows the secret. */
    @Override
    public String toString() {
        return file == null ? "Secret" : "Secret in " + file.text();
    }
}
