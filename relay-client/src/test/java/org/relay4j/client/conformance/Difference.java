package org.relay4j.client.conformance;

/** Where an acceptor may differ from a TCP server socket. docs/embedding.md gives the reason of each under its title. */
enum Difference {
    VISITOR_ADDRESS("The visitor's address is unspecified"),
    INTERRUPT("Interrupting `accept` does not close the acceptor"),
    BIND("`bind` is accepted and ignored"),
    NO_DELAY("`TCP_NODELAY` is on from the start"),
    URGENT_DATA("There is no urgent data"),
    PLATFORM_OPTIONS("Most socket options have no effect"),
    UNREAD_DATA("Unread data does not destroy the reply"),
    UNREFERENCED("An unreferenced acceptor stays open"),
    BACKLOG("Visitors beyond the backlog are reset"),
    LOSS("A tunnel can be lost");

    private final String title;

    Difference(String title) {
        this.title = title;
    }

    /** Whether it is allowed there: a TCP server socket has no excuse. */
    boolean allowedTo(Endpoint.Kind kind) {
        return kind == Endpoint.Kind.RELAY;
    }

    /** As in the document. */
    String title() {
        return title;
    }
}
