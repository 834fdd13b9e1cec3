package org.relay4j.cli;

/** The manual page relay(1), in the format of man(7). */
final class ManualPage {
    private static final String END = """
            .SH FILES
            .TP
            .I /etc/relay/server.toml
            Configuration of the service relay\\-server.
            .TP
            .I /etc/relay/forwarder.toml
            Configuration of the service relay\\-forwarder.
            .TP
            .I /var/lib/relay
            State of the services, such as the lease of the forwarder.
            .SH SEE ALSO
            .BR systemctl (1),
            .BR journalctl (1)
            """;

    private ManualPage() {}

    static String text() {
        StringBuilder page = new StringBuilder(8192);
        page.append(".TH RELAY 1\n.SH NAME\nrelay \\- let programs behind NAT accept connections\n");
        page.append(".SH SYNOPSIS\n");
        page.append(".B relay\n[\\fIoptions\\fR] \\fIlocalport\\fR\n.br\n");
        page.append(".B relay\n[\\fIoptions\\fR] \\-\\-localForwardPort=\\fIport\\fR \\fIhost\\fR:\\fIport\\fR\n.br\n");
        page.append(".B relay\n[\\fIoptions\\fR] \\-\\-forward=\\fIservice\\fR... \\fIhost\\fR:\\fIport\\fR\n.br\n");
        page.append(".B relay\n\\-\\-config=\\fItoml\\fR\n");
        for (String word : Arguments.words())
            page.append(".br\n.B relay ").append(word).append('\n');
        page.append(".SH DESCRIPTION\n.nf\n");
        page.append(escaped(Syntax.COMMANDS)).append("\n.fi\n.SH OPTIONS\n");
        for (Flag.Section section : Flag.Section.values()) appendOptions(page, section);
        page.append(".SH NOTES\n.nf").append(escaped(notes())).append("\n.fi\n.SH EXIT STATUS\n");
        for (ExitCode code : ExitCode.values()) {
            page.append(".TP\n.B ").append(code.number()).append('\n');
            page.append(escaped(code.meaning())).append('\n');
        }
        return page.append(END).toString();
    }

    private static void appendOptions(StringBuilder page, Flag.Section section) {
        page.append(".SS ").append(section.title()).append('\n');
        for (Flag flag : Flag.values()) {
            if (flag.section() != section) continue;
            page.append(".TP\n");
            String separator = "";
            for (String name : flag.names()) {
                page.append(separator).append("\\fB").append(escaped(name)).append("\\fR");
                if (!flag.isSwitch())
                    page.append("=\\fI").append(escaped(flag.parameter())).append("\\fR");
                separator = ", ";
            }
            page.append('\n').append(escaped(flag.description())).append('\n');
            page.append("Environment: ").append(flag.variable()).append(".\n");
        }
    }

    /** The end of the help text, without the heading of the exit codes. */
    private static String notes() {
        return Syntax.FOOTER.substring(0, Syntax.FOOTER.lastIndexOf("\n\n"));
    }

    /** Returns a text without characters that have a meaning to man. */
    private static String escaped(String text) {
        return text.replace("\\", "\\e").replace("-", "\\-").replaceAll("(?m)^([.'])", "\\\\&$1");
    }
}
