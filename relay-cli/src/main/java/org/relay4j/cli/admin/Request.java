package org.relay4j.cli.admin;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.ParseException;
import org.apache.hc.core5.http.impl.io.AbstractMessageParser;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.apache.hc.core5.http.message.BasicLineParser;
import org.apache.hc.core5.http.message.RequestLine;
import org.apache.hc.core5.util.CharArrayBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A request to an admin address. Its body, if it has one, is not read.
 *
 * @param path decoded; null if the target has none
 * @param from the address of the other end; null if it has connected to a Unix-domain socket
 */
record Request(
        String method,
        @Nullable String path,
        List<Header> headers,
        @Nullable InetAddress from) {
    static final int MOST_HEADERS = 50;

    /**
     * Parses the head of a request.
     *
     * @throws HttpException if it is malformed, or has too many headers
     */
    static Request parse(byte[] head, @Nullable InetAddress from) throws HttpException {
        InputStream in = new ByteArrayInputStream(head);
        SessionInputBufferImpl buffer = new SessionInputBufferImpl(Math.max(1, head.length));
        CharArrayBuffer text = new CharArrayBuffer(128);
        try {
            buffer.readLine(text, in);
            RequestLine line = BasicLineParser.INSTANCE.parseRequestLine(text);
            if (line.getProtocolVersion().getMajor() != 1) throw new ParseException("unknown version");
            Header[] headers = AbstractMessageParser.parseHeaders(
                    buffer, in, MOST_HEADERS + 1, head.length, BasicLineParser.INSTANCE);
            return new Request(line.getMethod(), new URI(line.getUri()).getPath(), List.of(headers), from);
        } catch (URISyntaxException e) {
            throw new ParseException("malformed target");
        } catch (IOException e) {
            throw new ParseException("malformed text: " + e.getMessage());
        }
    }

    /** Returns the values of a header, in the order of the request. */
    List<String> values(String name) {
        return headers.stream()
                .filter(each -> each.getName().equalsIgnoreCase(name))
                .map(Header::getValue)
                .toList();
    }

    /** Returns the first value of a header; null if there is none. */
    @Nullable
    String first(String name) {
        List<String> values = values(name);
        return values.isEmpty() ? null : values.get(0);
    }

    boolean isHead() {
        return method.equals("HEAD");
    }

    /** Returns the position after the empty line that ends a head; -1 if it is not among the bytes. */
    static int endOfHead(byte[] bytes, int from, int length) {
        for (int at = from; at < length - 1; at++) {
            if (bytes[at] != '\n') continue;
            if (bytes[at + 1] == '\n') return at + 2;
            if (bytes[at + 1] == '\r' && at + 2 < length && bytes[at + 2] == '\n') return at + 3;
        }
        return -1;
    }
}
