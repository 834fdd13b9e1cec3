package org.relay4j.conformance;

import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The command-line syntax and the help text. */
final class Syntax {
    private final CommandLine commandLine;

    Syntax() {
        CommandSpec spec = CommandSpec.create().name("yamux-conformance");
        spec.usageMessage()
                .autoWidth(false)
                .width(110)
                .longOptionsMaxWidth(26)
                .sortOptions(false)
                .header("Tests a yamux endpoint over TCP, also in matters that the specification leaves open.", "")
                .customSynopsis(
                        "yamux-conformance [<options>] <host>:<port>",
                        "       yamux-conformance [<options>] --listen [<address>:]<port>")
                .description("", "The endpoint must echo each stream: all bytes, then FIN.", "")
                .footer(footer());
        spec.addOption(text(
                "--role", "<role>", "Role of the kit: client (default) or server. The endpoint has the other role."));
        spec.addOption(text(
                "--listen",
                "<address>",
                "Listen for the endpoint, which connects once per case. Default address: 127.0.0.1."));
        spec.addOption(OptionSpec.builder("--case")
                .paramLabel("<pattern>")
                .arity("1")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .description("Run only the cases whose id matches, such as \"window/*\". May be repeated.")
                .build());
        spec.addOption(text(
                "--timeout", "<time>", "Maximum wait for each reaction of the endpoint, 50ms to 10m. Default: 2s."));
        spec.addOption(flag("Print the cases and their rules without running them.", "--list"));
        spec.addOption(flag("Print one JSON object instead of lines.", "--json"));
        spec.addOption(flag("Also print the frames exchanged.", "-v", "--verbose"));
        spec.addOption(flag("Print this help.", "-h", "--help"));
        spec.addOption(flag("Print the version.", "-V", "--version"));
        spec.parser().unmatchedArgumentsAllowed(true); // distinguished in parse()
        commandLine = new CommandLine(spec).setExpandAtFiles(false).setInterpolateVariables(false);
    }

    private static OptionSpec text(String name, String parameter, String description) {
        return OptionSpec.builder(name)
                .type(String.class)
                .arity("1")
                .paramLabel(parameter)
                .description(description)
                .build();
    }

    private static OptionSpec flag(String description, String... names) {
        return OptionSpec.builder(names)
                .type(boolean.class)
                .arity("0")
                .description(description)
                .build();
    }

    private static String[] footer() {
        StringBuilder text = new StringBuilder("%nExit codes:");
        for (ExitCode code : ExitCode.values())
            text.append("%n  ").append(code.number()).append("  ").append(code.meaning());
        return new String[] {text.toString()};
    }

    String help() {
        return commandLine.getUsageMessage(Ansi.OFF);
    }

    Arguments parse(String... args) {
        Arguments arguments;
        try {
            CommandLine.ParseResult result = commandLine.parseArgs(args);
            for (String argument : result.unmatched()) {
                if (argument.startsWith("-")) throw new Usage("unknown option " + argument);
            }
            arguments = new Arguments(result);
        } catch (ParameterException e) {
            String message = String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " ");
            throw new Usage(message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1));
        }
        return arguments;
    }
}
