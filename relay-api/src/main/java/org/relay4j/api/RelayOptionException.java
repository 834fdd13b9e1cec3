package org.relay4j.api;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The value of an option cannot be used on this machine, or with this server. Set another value before the next attempt. The
 * message says why.
 *
 * <pre>{@code
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000, options)) {
 *     serve(acceptor.accept());
 * } catch (RelayOptionException e) {
 *     System.err.println("check the option " + e.option() + ": " + e.getMessage());
 * }
 * }</pre>
 */
public class RelayOptionException extends RelayException {
    private static final long serialVersionUID = 1L;

    private final String option;

    public RelayOptionException(String option, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.option = Objects.requireNonNull(option, "option");
    }

    /** Returns the name of the option as that of a method of the options' builder, such as {@code leaseFile}. */
    public String option() {
        return option;
    }
}
