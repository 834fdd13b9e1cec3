package org.relay4j.registry.etcd;

import java.util.function.Consumer;
import org.relay4j.server.registry.RegistryException;

/**
 * Notices that the history of etcd is not the one seen so far: another cluster answers, or the revision has gone back, as after a
 * restore from a backup. Confined to the store's thread.
 */
final class History {
    /*
     * Answers overtake each other, so an answer is compared only with what was known when its request was sent: etcd's reads and
     * transactions are linearizable, and show at least that revision. A restored backup may keep the id of its cluster, because that
     * is a hash of addresses.
     */
    private final Consumer<RegistryException> replaced;
    private String cluster = ""; // id
    private long revision; // the greatest one seen

    /** @param replaced called when the history is another one from now on */
    History(Consumer<RegistryException> replaced) {
        this.replaced = replaced;
    }

    /** Returns the revision that answers to requests from now on show at least. */
    long revision() {
        return revision;
    }

    /** Checks the answer to a linearizable request; false if it is from another history. */
    boolean accepts(Json answer, long knownWhenSent) {
        if (!acceptsCluster(answer)) return false;
        long seen = Answers.revision(answer);
        if (seen <= 0) throw new IllegalArgumentException("it has no revision");
        if (seen < knownWhenSent && knownWhenSent <= revision) {
            String why = "etcd's revision has gone back from " + knownWhenSent + " to " + seen
                    + ": it seems to have been restored from a backup";
            revision = seen;
            replaced.accept(new RegistryException(why, null));
            return false;
        }
        revision = Math.max(revision, seen);
        return true;
    }

    /** Checks only the cluster of an answer. */
    boolean acceptsCluster(Json answer) {
        String id = answer.object("header").text("cluster_id");
        if (id.isEmpty() || id.equals(cluster)) return true;
        String before = cluster;
        cluster = id;
        if (before.isEmpty()) return true;
        revision = 0;
        replaced.accept(new RegistryException(
                "another etcd cluster answers: its id is " + id + " and was " + before
                        + "; all endpoints must be members of one cluster",
                null));
        return false;
    }
}
