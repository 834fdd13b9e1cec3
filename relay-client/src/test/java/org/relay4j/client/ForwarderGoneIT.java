package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Program;
import org.relay4j.testing.Visitor;

/** A program with a forwarder that ends without closing it: neither end may take the cut for an end. */
@ExtendWith(LeakCheck.EachTest.class)
class ForwarderGoneIT {
    private RelayServer server;
    private ServerSocket service;
    private Program program;
    private Socket visitor;
    private Socket served;

    @BeforeEach
    void connect() throws IOException {
        server = RelayServer.start(0);
        service = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        List<String> ports = List.of(String.valueOf(server.port()), String.valueOf(service.getLocalPort()));
        program = Program.start(0, ForwarderProgram.class, ports);
        String line = program.await("public port ");
        visitor = Visitor.connect(Integer.parseInt(line.substring("public port ".length())));
        served = service.accept();
        served.setSoTimeout(20_000);
        Visitor.send(visitor, "half of a req");
        Visitor.expect(served, "half of a req");
        Visitor.send(served, "half of a rep");
        Visitor.expect(visitor, "half of a rep");
    }

    @AfterEach
    void close() throws IOException {
        visitor.close();
        served.close();
        service.close();
        program.close();
        server.close();
    }

    @Test
    void killedForwarder() {
        program.kill();
        Visitor.expectReset(served);
        Visitor.expectReset(visitor);
    }

    @Test
    void programThatReturnsFromMain() throws IOException {
        program.endInput();
        Visitor.expectReset(served);
        Visitor.expectReset(visitor);
    }
}
