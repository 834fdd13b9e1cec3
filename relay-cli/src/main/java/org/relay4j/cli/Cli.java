package org.relay4j.cli;

import ch.qos.logback.classic.Level;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.relay4j.cli.admin.ProgramVersion;
import org.relay4j.cli.json.JsonLine;

/** One run of the relay command, from the arguments to the exit code. */
final class Cli {
    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;
    private final Shutdown shutdown;
    private final Terminal terminal;

    Cli(Map<String, String> environment, PrintStream out, PrintStream err, Shutdown shutdown) {
        this(environment, out, err, shutdown, Terminal.NONE);
    }

    Cli(Map<String, String> environment, PrintStream out, PrintStream err, Shutdown shutdown, Terminal terminal) {
        this.environment = environment;
        this.out = out;
        this.err = err;
        this.shutdown = shutdown;
        this.terminal = terminal;
    }

    /** Runs the command. A failure is reported as one line on standard error. */
    ExitCode run(String... args) {
        List<String> arguments = List.of(args);
        try {
            execute(arguments);
            return ExitCode.OK;
        } catch (CommandFailure e) {
            String more = e.code() == ExitCode.USAGE ? "; see relay --help" : "";
            return failed(arguments, e.code(), e.getMessage() + more, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return ExitCode.FAILURE;
        } catch (Throwable e) { // also an Error: the process must not continue without its main thread
            return failed(
                    arguments, ExitCode.FAILURE, "unexpected failure: " + e + "; --log-level=debug shows more", e);
        }
    }

    private ExitCode failed(List<String> args, ExitCode code, String message, Throwable e) {
        String trace = "";
        if (StandardErrorLogging.showsDetails()) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text, true));
            trace = text.toString();
        }
        if (wantsJson(args)) {
            JsonLine line = JsonLogLayout.start(System.currentTimeMillis(), "ERROR")
                    .with("message", message)
                    .with("exitCode", code.number());
            if (!trace.isEmpty()) line.with("stackTrace", trace);
            err.println(line);
        } else {
            err.print("relay: " + message + System.lineSeparator() + trace);
        }
        err.flush();
        return code;
    }

    /** Returns true if the user asked for a log in JSON, even on an invalid command line. */
    private boolean wantsJson(List<String> args) {
        String format = environment.getOrDefault(Flag.LOG_FORMAT.variable(), "");
        for (int i = 0; i < args.size(); i++) {
            String option = Flag.LOG_FORMAT.toString();
            if (args.get(i).startsWith(option + "=")) format = args.get(i).substring(option.length() + 1);
            else if (args.get(i).equals(option) && i + 1 < args.size()) format = args.get(i + 1);
        }
        if (format.equals("json") || format.equals("text")) return format.equals("json");
        if (args.contains(Flag.JSON.toString())) return true;
        try {
            return new Value("", environment.getOrDefault(Flag.JSON.variable(), "false")).isOn();
        } catch (CommandFailure e) {
            return false;
        }
    }

    private boolean hasConfiguration(List<String> args) {
        String file = environment.getOrDefault(Flag.CONFIG.variable(), "");
        return !file.isEmpty() || args.stream().anyMatch(word -> word.startsWith(Flag.CONFIG.toString()));
    }

    private void execute(List<String> args) throws Exception {
        if (hasConfiguration(args)) shutdown.hangUp().awaitHandled(); // its change is what SIGHUP announces
        Arguments arguments = Arguments.of(args, environment);
        boolean json = arguments.has(Flag.JSON);
        boolean jsonLog = isLogJson(arguments.get(Flag.LOG_FORMAT), json);
        StandardErrorLogging.json(jsonLog);
        StandardErrorLogging.terminal(terminal);
        setLogLevel(arguments);
        boolean quiet = arguments.has(Flag.QUIET);
        Progress progress = new Progress(err, terminal.progress() && !json && !jsonLog && !quiet);
        Output output = new Output(out, err, json, quiet, progress);
        if (!arguments.isReloadable()) shutdown.hangUp().answer(shutdown::begin);
        if (arguments.action() == Arguments.Action.SHOW) {
            new ConfigCommand(arguments, output).run();
            return;
        }
        if (arguments.action() == Arguments.Action.CHECK) {
            new CheckCommand(arguments, output).run();
            return;
        }
        switch (arguments.mode()) {
            case HELP -> output.text(new Syntax().help());
            case VERSION -> output.text(versions());
            case SERVER -> new ServerCommand(arguments, output, shutdown).run();
            case FORWARDER -> new ForwarderCommand(arguments, output, shutdown).run();
            case KEYGEN -> new KeygenCommand(arguments, output).run();
            case STATUS, CLUSTER -> new StatusCommand(arguments, output).run();
            case DEMO -> new Demo(output, shutdown).run(arguments.has(Flag.ONCE));
        }
    }

    /** Returns whether the log is JSON; that is {@code json} if the user has not chosen its format. */
    static boolean isLogJson(@Nullable Value format, boolean json) {
        if (format == null) return json;
        return switch (format.text()) {
            case "json" -> true;
            case "text" -> false;
            default -> throw format.mustBe("text or json");
        };
    }

    private static void setLogLevel(Arguments arguments) {
        Value level = arguments.logLevel();
        if (arguments.has(Flag.QUIET)) StandardErrorLogging.level(Level.WARN);
        else if (level != null) StandardErrorLogging.level(level);
        // The findings are the output of a check.
        else if (arguments.action() == Arguments.Action.CHECK) StandardErrorLogging.level(Level.WARN);
        // The demo explains itself on standard output, and loses a tunnel on purpose, so log lines would only confuse.
        else if (arguments.mode() == Mode.DEMO) StandardErrorLogging.level(Level.ERROR);
    }

    /** Returns the versions of Relay and Java. */
    private static String versions() {
        return String.format(
                "relay %s%nJava %s, %s, %s, %s %s%n",
                ProgramVersion.text(),
                System.getProperty("java.version"),
                System.getProperty("java.vm.name"),
                System.getProperty("java.vendor"),
                System.getProperty("os.name"),
                System.getProperty("os.arch"));
    }
}
