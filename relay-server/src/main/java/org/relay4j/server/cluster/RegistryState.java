package org.relay4j.server.cluster;

/** Whether a node can reach the registry. */
public enum RegistryState {
    /** The node is registered, and its leases are being renewed. */
    CONNECTED,
    /** The view of the cluster may be old, and no endpoint can be claimed. Tunnels and visitors are not affected. */
    SUSPENDED
}
