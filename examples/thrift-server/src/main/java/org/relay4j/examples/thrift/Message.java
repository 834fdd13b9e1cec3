package org.relay4j.examples.thrift;

import java.nio.ByteBuffer;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TField;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.protocol.TProtocolException;
import org.apache.thrift.protocol.TProtocolUtil;
import org.apache.thrift.protocol.TStruct;
import org.apache.thrift.protocol.TType;

/**
 * A call or a reply of the service {@code Sums}, whose methods all take bytes and return bytes. It replaces the classes that
 * Thrift's compiler would generate from
 *
 * <pre>{@code
 * service Sums {
 *     binary echo(1: binary data)
 *     binary sha256(1: binary data)
 * }
 * }</pre>
 */
final class Message {
    static final short ARGUMENT = 1; // the id of the field in a call
    static final short RESULT = 0; // and in a reply

    private Message() {}

    /** Writes the whole message. */
    static void write(TProtocol out, TMessage head, short field, byte[] data) throws TException {
        out.writeMessageBegin(head);
        out.writeStructBegin(new TStruct(head.name));
        out.writeFieldBegin(new TField("data", TType.STRING, field));
        out.writeBinary(ByteBuffer.wrap(data));
        out.writeFieldEnd();
        out.writeFieldStop();
        out.writeStructEnd();
        out.writeMessageEnd();
        out.getTransport().flush();
    }

    /** Reads a message after its head. Fields of other versions of the service are skipped. */
    static byte[] readData(TProtocol in, short field) throws TException {
        byte[] data = null;
        in.readStructBegin();
        for (TField next = in.readFieldBegin(); next.type != TType.STOP; next = in.readFieldBegin()) {
            if (next.id == field && next.type == TType.STRING) data = bytes(in.readBinary());
            else TProtocolUtil.skip(in, next.type);
            in.readFieldEnd();
        }
        in.readStructEnd();
        in.readMessageEnd();
        if (data == null) throw new TProtocolException(TProtocolException.INVALID_DATA, "no field " + field);
        return data;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
