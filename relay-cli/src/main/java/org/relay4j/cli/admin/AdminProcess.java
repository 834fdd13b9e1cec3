package org.relay4j.cli.admin;

/** The process that the admin address belongs to. Safe for use by several threads. */
public interface AdminProcess {
    /** Returns true once the process is shutting down. */
    boolean isDraining();

    /** Begins the same shutdown as SIGTERM. Does not block. */
    void drain();
}
