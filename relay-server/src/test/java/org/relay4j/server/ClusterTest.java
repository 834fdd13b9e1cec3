package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** Nodes of a cluster in one JVM, with real links between them: any node in, the right client out. */
@ExtendWith(LeakCheck.EachTest.class)
class ClusterTest {
    @TempDir
    private static Path folder;

    private TestCluster cluster;

    @BeforeEach
    void make() throws Exception {
        cluster = new TestCluster(folder, 3);
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void visitorOfAnyNodeReachesTheClient() throws IOException {
        RelayServer first = cluster.start(1);
        RelayServer second = cluster.start(2);
        try (AskingClient client = AskingClient.connect(first, "").establish()) {
            assertEquals("n1", client.line().value("node"));
            TestCluster.awaitRouted(second, client.port());
            Socket visitor = TestCluster.visit(second, client.port());
            Visitor.send(visitor, "hello");
            client.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
            client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
            Visitor.expect(visitor, "there");
            Visitor.reset(visitor);
        }
    }
}
