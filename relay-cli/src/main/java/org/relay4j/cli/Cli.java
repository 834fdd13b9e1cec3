package org.relay4j.cli;

import ch.qos.logback.classic.Level;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One run of the relay command, from the arguments to the exit code. */
final class Cli {
    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;
    private final Shutdown shutdown;

    Cli(Map<String, String> environment, PrintStream out, PrintStream err, Shutdown shutdown) {
        this.environment = environment;
        this.out = out;
        this.err = err;
        this.shutdown = shutdown;
    }

    /** Runs the command; a failure becomes one line on standard error. */
    ExitCode run(String... args) {
        try {
            execute(List.of(args));
            return ExitCode.OK;
        } catch (CommandFailure e) {
            complain(e, e.code() == ExitCode.USAGE ? e.getMessage() + "; see relay --help" : e.getMessage());
            return e.code();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.FAILURE;
        } catch (Throwable e) { // an Error too: it must not leave a process behind that runs on without its main thread
            complain(e, "unexpected failure: " + e + "; --log-level debug shows more");
            return ExitCode.FAILURE;
        }
    }

    private void complain(Throwable e, @Nullable String line) {
        err.println("relay: " + line);
        if (StandardErrorLogging.showsDetails()) e.printStackTrace(err);
        err.flush();
    }

    private void execute(List<String> args) throws Exception {
        Syntax syntax = new Syntax();
        Arguments arguments = Arguments.of(syntax, args, environment);
        setLogLevel(arguments);
        Output output = new Output(out, arguments.has(Flag.JSON));
        switch (arguments.mode()) {
            case HELP -> out.print(syntax.help());
            case VERSION -> out.println("relay " + version());
            case SERVER -> new ServerCommand(arguments, output, shutdown).run();
            case FORWARDER -> new ForwarderCommand(arguments, output, shutdown).run();
            case DEMO -> new Demo(output, shutdown).run(arguments.has(Flag.ONCE));
        }
        out.flush();
    }

    private static void setLogLevel(Arguments arguments) {
        Value level = arguments.get(Flag.LOG_LEVEL);
        if (level != null) StandardErrorLogging.level(level);
        // The demo explains itself on standard output; log lines between would only confuse.
        else if (arguments.mode() == Mode.DEMO) StandardErrorLogging.level(Level.WARN);
    }

    /** The version in the manifest; there is none when Relay does not run from its jar. */
    static String version() {
        String version = Cli.class.getPackage().getImplementationVersion();
        return version == null ? "(unpackaged)" : version;
    }
}
