package org.relay4j.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
 * The grammar of the command line, its help text and its error messages. Takes longer to load than anything else of a short run, so
 * {@link ParsedLine#plain} parses what needs none of these. It is built with picocli's model, because reading its annotations would
 * take longer still.
 */
final class Syntax {
    static final List<String> HELP = List.of("-h", "--help");
    static final List<String> VERSION = List.of("-V", "--version");

    static final String COMMANDS = """
            Lets programs behind NAT accept connections.

            On a machine with a public address, make a certificate and run a relay server:
              relay keygen
              relay --tls-cert=relay-cert.pem --tls-key=relay-key.pem 7000

            Behind NAT, give a local service a public port on that server. <pin> is the
            fingerprint that keygen has printed:
              relay --tls-pin=<pin> --localForwardPort=6379 relay.example.com:7000

            Commands:
              relay [<options>] <localport>                                server
              relay [<options>] --localForwardPort=<port> <host>:<port>    forwarder
              relay [<options>] --forward=<service>... <host>:<port>       several services
              relay --config=<toml>            server or forwarder, configured by a file
              relay keygen [--host=<name>]     certificate and key for a server
              relay keygen --client=<name>     key for a client
              relay keygen --node=<name>...    certificates for the nodes of a cluster
              relay config [<options>]         effective configuration, with its origin
              relay check [<options>]          tries files, ports and the way to the server
              relay status [--admin=<address:port>]   tunnels of a server or forwarder
              relay cluster status [--admin=<address:port>]   nodes of a cluster
              relay demo [--once]              a tunnel with both ends in one process
              relay help, relay version

            The server listens for relay clients on <localport>; 0 means any free port.
            The forwarder gets a public port from the server at <host>:<port> and connects
            each visitor of that port to the local service. It reconnects when the tunnel is
            lost. <host> and <port> may also be two arguments. unix:<path> is a server of
            this machine that listens for clients on a Unix-domain socket.

            Standard output has one line for each event; the log goes to standard error:
              listening on <address>:<port>
              relaying <host>:<public port> -> <local host>:<local port>
            The second line is printed again after each reconnect. The port may then differ.""";

    static final String FOOTER = """

            Without the --tls options, the connection is not encrypted, and the client does
            not verify the server. To admit known clients only, make a key for each with
            relay keygen --client, and use --clients, --require-name, --name and --key-file.

            An option can also be set by the environment variable in brackets, <host> by
            RELAY_HOST, and <port> or <localport> by RELAY_PORT, or by a key of a TOML file
            (--config) with the name of the option. The command line takes precedence over
            the environment, and the environment over the file.

            Examples:
              relay keygen --host=relay.example.com --out=/etc/relay
              relay --public-ports=20000-29999 --bind=10.0.0.1 7000
              relay --localForwardPort=6379 relay.example.com:7000
              relay --localForwardPort=80 --local-host=10.0.0.7 --retry-first [::1]:7000
              relay --forward=web=8080,host=app.example.com --forward=6379 [::1]:7000
              relay --json 0

            Exit codes:""";

    private final CommandLine commandLine;

    Syntax() {
        CommandSpec spec = CommandSpec.create().name("relay");
        int place = 0;
        for (Flag.Section section : Flag.Section.values()) spec.addArgGroup(group(section, place++));
        spec.usageMessage()
                .autoWidth(false)
                .width(80)
                .longOptionsMaxWidth(24)
                .sortOptions(false)
                .synopsisHeading("")
                .customSynopsis(COMMANDS.split("\n"))
                .footer(footer());
        spec.parser().unmatchedArgumentsAllowed(true); // distinguished in parse()
        commandLine = new CommandLine(spec).setExpandAtFiles(false).setInterpolateVariables(false);
    }

    String help() {
        return commandLine.getUsageMessage(Ansi.OFF);
    }

    /**
     * Parses any command line.
     *
     * @throws CommandFailure if it is wrong
     */
    ParsedLine parse(List<String> args) {
        ParseResult result;
        try {
            result = commandLine.parseArgs(args.toArray(String[]::new));
        } catch (MissingParameterException e) {
            throw CommandFailure.usage(args.get(args.size() - 1) + " needs a value");
        } catch (ParameterException e) {
            throw CommandFailure.usage(oneLine(String.valueOf(e.getMessage())));
        }
        // A negative number is a bad port, for which the port parser has a better message.
        for (String argument : result.unmatched()) {
            if (argument.startsWith("-") && !argument.matches("-\\d+")) throw unknownOption(argument);
        }
        Map<Flag, List<String>> values = new EnumMap<>(Flag.class);
        for (Flag flag : Flag.values()) {
            if (!result.hasMatchedOption(flag.toString())) continue;
            List<String> texts = result.matchedOption(flag.toString()).originalStringValues();
            values.put(flag, flag.isSwitch() ? Collections.nCopies(texts.size(), "true") : texts);
        }
        return new ParsedLine(
                values, result.unmatched(), result.isUsageHelpRequested(), result.isVersionHelpRequested());
    }

    private CommandFailure unknownOption(String argument) {
        UnmatchedArgumentException unmatched = new UnmatchedArgumentException(commandLine, List.of(argument));
        StringJoiner alternatives = new StringJoiner(" or ", " (did you mean ", "?)").setEmptyValue("");
        unmatched.getSuggestions().stream()
                .map(suggestion -> suggestion.replaceFirst("=.*", ""))
                .distinct()
                .limit(2)
                .forEach(alternatives::add);
        return CommandFailure.usage("unknown option " + argument + alternatives);
    }

    /** Removes picocli's line breaks, quotes and full stops. */
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
            options.add(plain("Show the versions of Relay and Java.", VERSION).versionHelp(true));
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

    private static String[] footer() {
        List<String> lines = new ArrayList<>(List.of(FOOTER.split("\n")));
        for (ExitCode code : ExitCode.values()) lines.add("  " + code.number() + "  " + code.meaning());
        return lines.toArray(String[]::new);
    }
}
