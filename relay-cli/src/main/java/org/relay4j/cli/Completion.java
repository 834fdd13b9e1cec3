package org.relay4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The completion of command lines in shells. picocli writes the script for bash, which zsh can run too; the one for fish is
 * written here. After one of the first words, such as {@code keygen}, only the options of that command are offered.
 */
final class Completion {
    private static final Set<String> FILES = Set.of("file", "pem", "toml", "folder");
    private static final Set<Mode> TUNNELS = Set.of(Mode.SERVER, Mode.FORWARDER);

    /** bash makes words of their own of {@code =} and of what follows; picocli's script knows only {@code --option value}. */
    private static final String VALUES = """
              if [ -n "${BASH_VERSION:-}" ]; then
                local place=$COMP_CWORD
                if [ "${COMP_WORDS[place]}" != = ]; then place=$((place - 1)); fi
                if [ "$place" -gt 0 ] && [ "${COMP_WORDS[place]}" = = ]; then
                  local before=("${COMP_WORDS[@]:0:place}") after=("${COMP_WORDS[@]:$((place + 1))}")
                  [ "$place" -lt "$COMP_CWORD" ] || after=("")
                  local COMP_WORDS=("${before[@]}" "${after[@]}") COMP_CWORD=$place
                fi
              fi
            """;

    private Completion() {}

    static String bash() {
        CommandSpec relay = spec("relay", TUNNELS);
        for (String word : Arguments.words()) relay.addSubcommand(word, spec(word, Arguments.modes(word)));
        String script = AutoComplete.bash("relay", new CommandLine(relay));
        return script.replaceFirst(
                "(?m)^function _complete_relay\\(\\) \\{$", "$0\n" + Matcher.quoteReplacement(VALUES));
    }

    /** Returns a function for the {@code fpath} of zsh. It loads the script for bash, which a package installs beside it. */
    static String zsh() {
        return """
                #compdef relay
                # The completion for bash also works in zsh.
                compopt() { : } # of bash, only a hint
                if ! (( $+functions[_complete_relay] )); then
                    autoload -Uz +X bashcompinit && bashcompinit
                    source /usr/share/bash-completion/completions/relay
                fi
                _bash_complete -o default -F _complete_relay
                """;
    }

    static String fish() {
        StringBuilder script = new StringBuilder("complete -c relay -f\n");
        StringJoiner ownOptions = new StringJoiner(" ");
        for (String word : Arguments.words()) {
            script.append("complete -c relay -n __fish_is_first_arg -a ")
                    .append(word)
                    .append('\n');
            if (!Arguments.modes(word).equals(TUNNELS)) ownOptions.add(word);
        }
        appendOptions(script, "not __fish_seen_subcommand_from " + ownOptions, TUNNELS);
        for (String word : Arguments.words()) {
            Set<Mode> modes = Arguments.modes(word);
            if (!modes.equals(TUNNELS)) appendOptions(script, "__fish_seen_subcommand_from " + word, modes);
        }
        return script.toString();
    }

    private static void appendOptions(StringBuilder script, String condition, Set<Mode> modes) {
        for (Flag flag : flags(modes)) {
            script.append("complete -c relay -n '").append(condition).append('\'');
            for (String name : flag.names()) script.append(" -l ").append(name.substring(2));
            if (takesFile(flag)) script.append(" -r -F");
            else if (!flag.isSwitch()) script.append(" -x");
            if (!flag.choices().isEmpty()) {
                script.append(" -a '").append(String.join(" ", flag.choices())).append('\'');
            }
            script.append(" -d '")
                    .append(flag.summary().replace("\\", "\\\\").replace("'", "\\'"))
                    .append("'\n");
        }
    }

    private static CommandSpec spec(String name, Set<Mode> modes) {
        CommandSpec spec = CommandSpec.create().name(name);
        for (Flag flag : flags(modes)) {
            OptionSpec.Builder option =
                    OptionSpec.builder(flag.names().toArray(String[]::new)).arity(flag.isSwitch() ? "0" : "1");
            option.type(flag.isSwitch() ? boolean.class : takesFile(flag) ? Path.class : String.class);
            option.paramLabel(flag.name()); // names a variable of the script, one for each option
            if (!flag.choices().isEmpty()) option.completionCandidates(flag.choices());
            spec.addOption(option.build());
        }
        return spec;
    }

    private static List<Flag> flags(Set<Mode> modes) {
        List<Flag> flags = new ArrayList<>();
        for (Flag flag : Flag.values()) {
            if (modes.stream().anyMatch(flag::belongsTo)) flags.add(flag);
        }
        return flags;
    }

    private static boolean takesFile(Flag flag) {
        return FILES.contains(flag.parameter());
    }
}
