package org.relay4j.cli.admin;

/** The version of Relay. */
public final class ProgramVersion {
    private ProgramVersion() {}

    /** Returns the version, from the manifest of relay.jar. */
    public static String text() {
        String version = ProgramVersion.class.getPackage().getImplementationVersion();
        return version == null ? "(unpackaged)" : version;
    }
}
