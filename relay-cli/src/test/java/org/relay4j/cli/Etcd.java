package org.relay4j.cli;

import java.nio.file.Path;

/** Members of etcd, as processes of their own. */
final class Etcd {
    private Etcd() {}

    /**
     * Prepares the start of a member, also again.
     *
     * @param folder has the data of each member in a folder of its own
     * @param client its URL for clients
     * @param peer its URL for the other members
     * @param all the names and peer URLs of all members: {@code <name>=<url>,...}
     */
    static ProcessBuilder member(Path folder, String name, String client, String peer, String all) {
        return ChildProcess.builder(
                "etcd",
                "--name=" + name,
                "--data-dir=" + folder.resolve("etcd-" + name),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=" + all,
                "--unsafe-no-fsync"); // the disk is not what is tested
    }

    /** Waits until a member serves its clients, for which most members must be there. */
    static void awaitReady(ChildProcess member) throws InterruptedException {
        member.errorLine("ready to serve client requests");
    }
}
