package org.relay4j.server.registry;

/**
 * The outcome of a transaction.
 *
 * @param done whether all conditions held
 * @param seen the revision of the transaction, and if it was not done the entries with the keys of its conditions
 */
public record Commit(boolean done, Snapshot seen) {}
