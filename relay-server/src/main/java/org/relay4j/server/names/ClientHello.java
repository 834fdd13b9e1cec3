package org.relay4j.server.names;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.tls.RelayTls;

/** Reads the server name and the protocols from the ClientHello of TLS 1.0 to 1.3, which may be spread over several records. */
final class ClientHello implements OpeningReader {
    /*
     * RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301. With Encrypted ClientHello the name is that of the outer
     * ClientHello. A second server name is refused, because the server that terminates TLS could choose the other one.
     */

    private static final int HANDSHAKE = 22; // type of a record
    private static final int CLIENT_HELLO = 1; // type of a message
    private static final int RECORD_HEADER = 5; // bytes
    private static final int MESSAGE_HEADER = 4; // bytes
    private static final int SERVER_NAME = 0; // extension
    private static final int PROTOCOLS = 16; // extension
    private static final byte[] RELAY = RelayTls.ALPN.getBytes(StandardCharsets.US_ASCII);

    private int next; // position of the next record
    private byte[] message = new byte[0]; // what the records before it contain
    private int present; // bytes of it

    @Override
    public @Nullable Opening read(byte[] bytes, int length) {
        while (true) {
            if (length > next && bytes[next] != HANDSHAKE) return Opening.refused(unexpected());
            if (length > next + 1 && bytes[next + 1] != 3) return Opening.refused(unexpected());
            if (length < next + RECORD_HEADER) return full(length);
            int minor = bytes[next + 2];
            if (minor < 1 || minor > 4) return Opening.refused(unexpected());
            int size = number(bytes, next + 3);
            if (size == 0) return Opening.refused(Fault.CLIENT_HELLO);
            int end = next + RECORD_HEADER + size;
            if (end > MOST) return Opening.refused(Fault.TOO_LONG);
            if (length < end) return null;
            append(bytes, next + RECORD_HEADER, size);
            next = end;
            if (present < MESSAGE_HEADER) continue;
            if (message[0] != CLIENT_HELLO) return Opening.refused(Fault.CLIENT_HELLO);
            int whole = MESSAGE_HEADER + ((message[1] & 0xFF) << 16) + number(message, 2);
            if (present == whole) return new Fields(message, MESSAGE_HEADER, present).hello();
            if (present > whole) return Opening.refused(Fault.CLIENT_HELLO);
            if (next + whole - present > MOST) return Opening.refused(Fault.TOO_LONG);
        }
    }

    private Fault unexpected() {
        return next == 0 ? Fault.NOT_TLS : Fault.CLIENT_HELLO;
    }

    private static @Nullable Opening full(int length) {
        return length >= MOST ? Opening.refused(Fault.TOO_LONG) : null;
    }

    private void append(byte[] bytes, int from, int size) {
        if (message.length < present + size) {
            message = Arrays.copyOf(message, Math.max(present + size, Math.min(MOST, 2 * present)));
        }
        System.arraycopy(bytes, from, message, present, size);
        present += size;
    }

    private static int number(byte[] bytes, int at) {
        return ((bytes[at] & 0xFF) << 8) | (bytes[at + 1] & 0xFF);
    }

    /** A part of the message, with fields of lengths that the peer has chosen. Once it is malformed, all of it is empty. */
    private static final class Fields {
        private final byte[] bytes;
        private int at;
        private final int end;
        private boolean malformed;

        Fields(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            at = from;
            this.end = end;
        }

        boolean isEmpty() {
            return at == end;
        }

        private void fail() {
            malformed = true;
            at = end;
        }

        /** Returns the next number of one or two bytes. */
        int number(int size) {
            if (end - at < size) {
                fail();
                return 0;
            }
            int value = size == 1 ? bytes[at] & 0xFF : ClientHello.number(bytes, at);
            at += size;
            return value;
        }

        void skip(int size) {
            if (end - at < size) fail();
            else at += size;
        }

        /** Returns the next field, whose length is stated before it in one or two bytes. */
        Fields field(int sizeOfLength, int least) {
            int length = number(sizeOfLength);
            int from = at;
            if (length < least) fail();
            else skip(length);
            return malformed ? new Fields(bytes, 0, 0) : new Fields(bytes, from, at);
        }

        String text() {
            return new String(bytes, at, end - at, StandardCharsets.ISO_8859_1);
        }

        Opening hello() {
            if (number(1) != 3) fail(); // version
            skip(1 + 32); // version and random
            if (field(1, 0).length() > 32) fail(); // session
            if (field(2, 2).length() % 2 != 0) fail(); // cipher suites
            field(1, 1); // compression
            if (malformed) return Opening.refused(Fault.CLIENT_HELLO);
            if (isEmpty()) return Opening.ofTls("", false); // no extensions
            Fields extensions = field(2, 0);
            if (malformed || !isEmpty()) return Opening.refused(Fault.CLIENT_HELLO);
            return extensions.extensions();
        }

        private int length() {
            return end - at;
        }

        private Opening extensions() {
            Fields names = null;
            Fields protocols = null;
            while (!isEmpty()) {
                int type = number(2);
                Fields content = field(2, 0);
                if (type == SERVER_NAME) {
                    if (names != null) fail();
                    names = content;
                } else if (type == PROTOCOLS) {
                    if (protocols != null) fail();
                    protocols = content;
                }
            }
            boolean relay = protocols != null && protocols.offersRelay();
            if (malformed || (protocols != null && protocols.malformed)) return Opening.refused(Fault.CLIENT_HELLO);
            if (names == null) return Opening.ofTls("", relay);
            String name = names.serverName();
            return name == null ? Opening.refused(Fault.SERVER_NAME) : Opening.ofTls(name, relay);
        }

        private @Nullable String serverName() {
            Fields list = field(2, 1);
            if (malformed || !isEmpty() || list.number(1) != 0) return null; // the only type is host_name
            Fields name = list.field(2, 1);
            if (list.malformed || !list.isEmpty()) return null;
            return HostText.name(name.text());
        }

        private boolean offersRelay() {
            Fields list = field(2, 2);
            if (!isEmpty()) fail();
            boolean relay = false;
            while (!list.isEmpty()) {
                Fields protocol = list.field(1, 1);
                relay |= Arrays.equals(bytes, protocol.at, protocol.end, RELAY, 0, RELAY.length);
            }
            if (list.malformed) fail();
            return relay;
        }
    }
}
