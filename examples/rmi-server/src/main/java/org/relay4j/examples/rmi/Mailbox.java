package org.relay4j.examples.rmi;

import java.rmi.Remote;
import java.rmi.RemoteException;
import org.jspecify.annotations.Nullable;

/** A remote queue of messages with a small capacity. */
public interface Mailbox extends Remote {
    /** Adds a message. Waits up to 30 s for room; returns false if there was none. */
    boolean put(byte[] message) throws RemoteException;

    /** Removes the oldest message. Waits up to 30 s for one; returns null if there was none. */
    byte @Nullable [] take() throws RemoteException;
}
