package org.relay4j.examples.rmi;

import java.rmi.Remote;
import java.rmi.RemoteException;
import org.jspecify.annotations.Nullable;

/** A remote queue of messages, which holds a few of them. */
public interface Mailbox extends Remote {
    /** Adds a message. Waits for room, up to 30 s; false when there was none. */
    boolean put(byte[] message) throws RemoteException;

    /** Removes the oldest message. Waits for one, up to 30 s; null when none came. */
    byte @Nullable [] take() throws RemoteException;
}
