package org.relay4j.cli;

/** The mode of one run of the relay command. */
enum Mode {
    SERVER("a relay server"),
    FORWARDER("a forwarder"),
    KEYGEN("the key generator"),
    DEMO("the demo"),
    STATUS("relay status"),
    CLUSTER("relay cluster"),
    HELP("the help text"),
    VERSION("the version");

    private final String description;

    Mode(String description) {
        this.description = description;
    }

    @Override
    public String toString() {
        return description;
    }
}
