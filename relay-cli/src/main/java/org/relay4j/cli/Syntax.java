package org.relay4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The grammar of the command line, and its help text. Built with picocli's model instead of its annotations, because
 * reflection over annotations is the slowest thing that a short run does.
 */
final class Syntax {
    static final List<String> HELP = List.of("-h", "--help");
    static final List<String> VERSION = List.of("-V", "--version");

    private final CommandLine commandLine;

    Syntax() {
        CommandSpec spec = CommandSpec.create().name("relay");
        int place = 0;
        for (Flag.Section section : Flag.Section.values()) spec.addArgGroup(group(section, place++));
        spec.usageMessage()
                .autoWidth(false)
                .width(110)
                .longOptionsMaxWidth(34)
                .sortOptions(false)
                .header("Lets programs behind NAT accept connections.", "")
                .customSynopsis(
                        "relay [<options>] <localport>",
                        "       relay [<options>] --localForwardPort=<port> <host> <port>",
                        "       relay demo [--once]")
                .description(description())
                .footer(footer());
        spec.parser().unmatchedArgumentsAllowed(true); // told apart in parse()
        commandLine = new CommandLine(spec).setExpandAtFiles(false).setInterpolateVariables(false);
    }

    String help() {
        return commandLine.getUsageMessage(Ansi.OFF);
    }

    /** The options that were given; {@link ParseResult#unmatched} are the arguments. */
    ParseResult parse(String... args) {
        ParseResult result;
        try {
            result = commandLine.parseArgs(args);
        } catch (MissingParameterException e) {
            throw CommandFailure.usage(args[args.length - 1] + " needs a value");
        } catch (ParameterException e) {
            throw CommandFailure.usage(oneLine(String.valueOf(e.getMessage())));
        }
        // A negative number is a bad port, which is told more precisely where it is read.
        for (String argument : result.unmatched()) {
            if (argument.startsWith("-") && !argument.matches("-\\d+")) throw unknownOption(argument);
        }
        return result;
    }

    private CommandFailure unknownOption(String argument) {
        UnmatchedArgumentException unmatched = new UnmatchedArgumentException(commandLine, List.of(argument));
        StringJoiner alternatives = new StringJoiner(" or ", ", did you mean ", "?").setEmptyValue("");
        unmatched.getSuggestions().stream()
                .map(suggestion -> suggestion.replaceFirst("=.*", ""))
                .distinct()
                .limit(2)
                .forEach(alternatives::add);
        return CommandFailure.usage("unknown option " + argument + alternatives);
    }

    /** Without picocli's line breaks, quotes and full stops. */
    private static String oneLine(String message) {
        String line = message.strip().replaceAll("\\s*\\R\\s*", " ");
        String start = line.substring(0, 1).toLowerCase(Locale.ROOT);
        return start + line.substring(1);
    }

    private static ArgGroupSpec group(Flag.Section section, int place) {
        ArgGroupSpec.Builder group =
                ArgGroupSpec.builder().validate(false).order(place).heading("%n" + section.title() + ":%n");
        List<OptionSpec.Builder> options = new ArrayList<>();
        for (Flag flag : Flag.values()) {
            if (flag.section() == section) options.add(option(flag));
        }
        if (section == Flag.Section.GENERAL) {
            options.add(plain("Show this text.", HELP).usageHelp(true));
            options.add(plain("Show the version.", VERSION).versionHelp(true));
        }
        for (int i = 0; i < options.size(); i++)
            group.addArg(options.get(i).order(i).build());
        return group.build();
    }

    private static OptionSpec.Builder option(Flag flag) {
        OptionSpec.Builder option = plain(flag.description() + " [" + flag.variable() + "]", flag.names());
        if (flag.isSwitch()) return option;
        return option.type(String.class).arity("1").paramLabel("<" + flag.parameter() + ">");
    }

    private static OptionSpec.Builder plain(String description, List<String> names) {
        return OptionSpec.builder(names.toArray(String[]::new))
                .type(boolean.class)
                .arity("0")
                .description(description.replace("%", "%%"));
    }

    private static String[] description() {
        return """

            A server gives each client that connects to <localport> a public port (0: listen on any free port).
            A forwarder connects to the server at <host> <port>, gets a public port of it, and forwards the visitors
            of that port to a local service. The demo shows both, with a small web page, in one process.

            Standard output has one line for each event, everything else is logged on standard error:
              listening on <address>:<port>
              relaying <host>:<public port> -> <local host>:<local port>      (again after each reconnect)""".split("\n");
    }

    private static String[] footer() {
        List<String> lines = new ArrayList<>(List.of("""

            Each option can also be given by the environment variable in brackets.

            Examples:
              relay 7000                                               on the machine with the public address
              relay --localForwardPort=6379 relay.example.com 7000     a Redis behind NAT gets a public port
              relay --public-ports 20000-29999 --bind 10.0.0.1 7000    public ports that a firewall can know
              RELAY_JSON=true relay 0                                  {"event":"listening", ... }

            Exit codes:""".split("\n")));
        for (ExitCode code : ExitCode.values()) lines.add("  " + code.number() + "  " + code.meaning());
        return lines.toArray(String[]::new);
    }
}
