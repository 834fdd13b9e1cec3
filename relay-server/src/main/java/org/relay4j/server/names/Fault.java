package org.relay4j.server.names;

/** The reason why the first bytes of a connection are refused. */
public enum Fault {
    /** The name is not known after {@link OpeningReader#MOST} bytes, or cannot be. */
    TOO_LONG("it sent more than " + OpeningReader.MOST + " bytes before its name was known"),
    NOT_TLS("it does not speak TLS"),
    CLIENT_HELLO("its ClientHello is malformed"),
    SERVER_NAME("the server name in its ClientHello is malformed"),
    LINE_END("a line of its request does not end with CR LF"),
    CONTROL_CHARACTER("its request contains a control character"),
    REQUEST_LINE("its request line is malformed"),
    METHOD_CONNECT("it mistakes this server for a proxy"),
    HEADER("a header of its request is malformed"),
    FOLDED_HEADER("a header of its request is folded"),
    NO_HOST("its request has no Host"),
    SEVERAL_HOSTS("its request has several Host headers"),
    HOST("the Host of its request is malformed"),
    OTHER_TARGET("the Host of its request differs from the target"),
    HTTP2_FRAME("its HTTP/2 frames are malformed"),
    HTTP2_HEADERS("its HTTP/2 headers are malformed");

    private final String text;

    Fault(String text) {
        this.text = text;
    }

    /** Returns what the visitor did, for the log. */
    @Override
    public String toString() {
        return text;
    }
}
