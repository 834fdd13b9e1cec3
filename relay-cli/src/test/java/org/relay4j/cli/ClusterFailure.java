package org.relay4j.cli;

import java.time.Duration;

/** A failure of one node of a cluster, or of its store. */
enum ClusterFailure {
    NODE_KILLED("node killed (`kill -9`), and started again after 5 s", 5, false) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.node(node).kill();
        }

        @Override
        void end(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.startNode(node);
        }
    },
    LEADER_KILLED("leader of etcd killed (`kill -9`), and started again after 5 s", 5, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.killLeader();
        }

        @Override
        void end(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.startKilledLeader();
        }
    },
    STORE_LOST("all members of etcd stopped (SIGSTOP) for 10 s", 10, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            for (int n = 1; n <= FaultyCluster.NODES; n++) cluster.member(n).suspend();
        }

        @Override
        void end(FaultyCluster cluster, int node) throws InterruptedException {
            for (int n = 1; n <= FaultyCluster.NODES; n++) cluster.member(n).resume();
        }
    },
    NODE_SILENT("host of a node silent for 10 s: the network drops all its packets", 10, false) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.network.silence("n" + node);
        }
    },
    NODE_WITHOUT_STORE("node cut off from etcd only, for 10 s", 10, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cut(cluster, node, "e", true, true);
        }
    },
    NODE_WITHOUT_PEERS("node cut off from the other nodes only, for 10 s", 10, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cut(cluster, node, "n", true, true);
        }
    },
    NODE_UNHEARD("what a node sends to the other nodes and etcd is lost for 10 s", 10, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cut(cluster, node, "n", true, false);
            cut(cluster, node, "e", true, false);
        }
    },
    NODE_DEAF("what the other nodes and etcd send to a node is lost for 10 s", 10, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cut(cluster, node, "n", false, true);
            cut(cluster, node, "e", false, true);
        }
    },
    NODE_STOPPED("node stopped (SIGSTOP) for 2 s, less than its lease", 2, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.node(node).suspend();
        }

        @Override
        void end(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.node(node).resume();
        }
    },
    NODE_STOPPED_LONG("node stopped (SIGSTOP) for 12 s, longer than its lease", 12, true) {
        @Override
        void begin(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.node(node).suspend();
        }

        @Override
        void end(FaultyCluster cluster, int node) throws InterruptedException {
            cluster.node(node).resume();
        }
    };

    final String title;
    final Duration lasting;

    /** Whether visitors still come to the node: no load balancer knows of the failure, and connections are established. */
    final boolean visited;

    ClusterFailure(String title, int seconds, boolean visited) {
        this.title = title;
        this.visited = visited;
        lasting = Duration.ofSeconds(seconds);
    }

    /** Returns whether this is a failure of the store: no node has one. */
    boolean isOfStore() {
        return this == LEADER_KILLED || this == STORE_LOST;
    }

    /** Returns whether the network drops packets, and no process is affected. */
    boolean isOfNetwork() {
        return switch (this) {
            case NODE_SILENT, NODE_WITHOUT_STORE, NODE_WITHOUT_PEERS, NODE_UNHEARD, NODE_DEAF -> true;
            default -> false;
        };
    }

    abstract void begin(FaultyCluster cluster, int node) throws InterruptedException;

    void end(FaultyCluster cluster, int node) throws InterruptedException {
        cluster.network.mend();
    }

    /** Drops what a node exchanges with the others of a kind, in one direction or both. */
    private static void cut(FaultyCluster cluster, int node, String kind, boolean sent, boolean received)
            throws InterruptedException {
        String name = "n" + node;
        for (int n = 1; n <= FaultyCluster.NODES; n++) {
            String other = kind + n;
            if (other.equals(name)) continue;
            if (sent) cluster.network.drop(name, other);
            if (received) cluster.network.drop(other, name);
        }
    }
}
