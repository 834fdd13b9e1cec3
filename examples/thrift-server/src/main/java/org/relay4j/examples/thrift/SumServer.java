package org.relay4j.examples.thrift;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.apache.thrift.TApplicationException;
import org.apache.thrift.TException;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.protocol.TMessage;
import org.apache.thrift.protocol.TMessageType;
import org.apache.thrift.protocol.TProtocol;
import org.apache.thrift.server.TServer;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TServerSocket;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;

/**
 * A Thrift server without a local port, with a thread for each visitor. {@link Message} describes its service. Its server socket
 * makes it reachable.
 */
public final class SumServer implements AutoCloseable {
    static final int LARGEST = 16 << 20; // bytes of one argument; limits the memory that a visitor can claim

    private final RelayAcceptor acceptor;
    private final TServer thrift;

    SumServer(String relayHost, int relayPort) throws IOException, TException {
        acceptor = RelayClient.connect(relayHost, relayPort);
        thrift = new TThreadPoolServer(new TThreadPoolServer.Args(new TServerSocket(acceptor))
                .protocolFactory(new TBinaryProtocol.Factory(LARGEST, 0))
                .processor(SumServer::process));
    }

    public static void main(String[] args) throws IOException, TException {
        if (args.length != 2 || !args[1].matches("[0-9]{1,5}")) {
            System.err.println("usage: SumServer <relay host> <relay port>");
            System.exit(2);
        }
        try (SumServer server = new SumServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println(
                    "Thrift service Sums, binary protocol, buffered, at " + args[0] + ":" + server.publicPort());
            server.run();
        }
    }

    int publicPort() {
        return acceptor.getLocalPort();
    }

    /** Serves visitors until {@link #close}. */
    void run() {
        thrift.serve();
    }

    /** Reads one call, and writes its reply. */
    private static void process(TProtocol in, TProtocol out) throws TException {
        TMessage call = in.readMessageBegin();
        byte[] data = Message.readData(in, Message.ARGUMENT);
        switch (call.name) {
            case "echo" -> reply(out, call, data);
            case "sha256" -> reply(out, call, sha256(data));
            default -> refuse(out, call);
        }
    }

    private static void reply(TProtocol out, TMessage call, byte[] data) throws TException {
        Message.write(out, new TMessage(call.name, TMessageType.REPLY, call.seqid), Message.RESULT, data);
    }

    private static void refuse(TProtocol out, TMessage call) throws TException {
        out.writeMessageBegin(new TMessage(call.name, TMessageType.EXCEPTION, call.seqid));
        new TApplicationException(TApplicationException.UNKNOWN_METHOD, "no method " + call.name).write(out);
        out.writeMessageEnd();
        out.getTransport().flush();
    }

    private static byte[] sha256(byte[] data) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(data);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    @Override
    public void close() {
        thrift.stop(); // also closes the acceptor
    }
}
