package org.relay4j.conformance;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;

/** One run of the kit, from the arguments to the exit code. */
final class Cli {
    /** Time for an endpoint to connect for the first time; long because it may be started by hand. */
    private static final Duration FIRST_CONNECTION = Duration.ofSeconds(60);

    private final PrintStream out;
    private final PrintStream err;

    Cli(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    ExitCode run(String... args) {
        try {
            Syntax syntax = new Syntax();
            Arguments arguments = syntax.parse(args);
            if (arguments.has("--help")) out.print(syntax.help());
            else if (arguments.has("--version")) out.println("yamux-conformance " + version());
            else if (arguments.has("--list")) TextReport.list(out, arguments.cases());
            else return examine(arguments);
            out.flush();
            return ExitCode.OK;
        } catch (Usage e) {
            err.println("yamux-conformance: " + e.getMessage() + "; see yamux-conformance --help");
            return ExitCode.USAGE;
        } catch (IOException e) {
            err.println("yamux-conformance: " + e.getMessage());
            return ExitCode.UNREACHABLE;
        }
    }

    private ExitCode examine(Arguments arguments) throws IOException {
        List<Case> cases = arguments.cases();
        Role role = arguments.role();
        Duration timeout = arguments.timeout();
        try (Endpoint endpoint = endpoint(arguments)) {
            Report report = arguments.has("--json")
                    ? new JsonReport(out, version())
                    : new TextReport(out, arguments.has("--verbose"));
            FirstConnection checked = new FirstConnection(endpoint);
            checked.await(arguments.listen() == null ? timeout : FIRST_CONNECTION);
            report.begin(endpoint.name(), role);
            Totals totals = new Totals();
            try (Runner runner = new Runner(checked, role, timeout)) {
                for (Case one : cases) {
                    Result result = runner.run(one);
                    totals.add(result.verdict());
                    report.result(result);
                }
            }
            report.end(totals);
            return totals.of(Verdict.FAIL) > 0 ? ExitCode.FAILED : ExitCode.OK;
        }
    }

    private Endpoint endpoint(Arguments arguments) throws IOException {
        Arguments.Address listen = arguments.listen();
        if (listen == null) {
            Arguments.Address connect = arguments.connect();
            return new Endpoint.Listening(connect.host(), connect.port());
        }
        try {
            InetAddress address = InetAddress.getByName(listen.host());
            Endpoint endpoint = new Endpoint.Dialling(new ServerSocket(listen.port(), 50, address));
            err.println("yamux-conformance: listening on " + endpoint.name());
            return endpoint;
        } catch (IOException e) {
            throw new Usage(
                    "cannot listen on " + Arguments.hostAndPort(listen.host(), listen.port()) + ": " + e.getMessage());
        }
    }

    /** Returns the version from the manifest, which exists only if the kit runs from its jar. */
    private static String version() {
        String version = Cli.class.getPackage().getImplementationVersion();
        return version == null ? "(unpackaged)" : version;
    }
}
