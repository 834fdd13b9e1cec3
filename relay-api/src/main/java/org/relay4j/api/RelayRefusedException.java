package org.relay4j.api;

/**
 * The relay server refused to open a tunnel, or one of its endpoints, for this client.
 *
 * <pre>{@code
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000)) {
 *     serve(acceptor.accept());
 * } catch (RelayRefusedException e) {
 *     if (e.code().equals("no-port-free")) System.err.println("the server is full: " + e.detail());
 * }
 * }</pre>
 */
public class RelayRefusedException extends RelayException {
    private static final long serialVersionUID = 1L;

    private final String code;
    private final String detail;

    public RelayRefusedException(String message, String code, String detail) {
        super(message, null);
        this.code = code;
        this.detail = detail;
    }

    /**
     * Returns the reason for programs, lower-case words with hyphens, such as {@code no-port-free}, {@code limit-reached} or
     * {@code internal}.
     */
    public String code() {
        return code;
    }

    /** Returns the server's explanation for people; empty if it gave none. */
    public String detail() {
        return detail;
    }
}
