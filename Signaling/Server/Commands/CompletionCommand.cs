using System.CommandLine;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay completion SHELL</c>: a script that completes commands and options from the program itself.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _mediarelay() {
          local IFS=$'\n'
          COMPREPLY=($(mediarelay "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null))
        }
        complete -o default -F _mediarelay mediarelay
        """;

    private const string Zsh = """
        #compdef mediarelay
        _mediarelay() {
          local -a found
          found=("${(@f)$(mediarelay "[suggest:${#BUFFER}]" "${BUFFER}" 2>/dev/null)}")
          compadd -a found
        }
        compdef _mediarelay mediarelay
        """;

    private const string Fish = """
        complete -f -c mediarelay -a '(mediarelay "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", """
            Print a shell completion script.

            Examples:
              source <(mediarelay completion bash)
              mediarelay completion fish > ~/.config/fish/completions/mediarelay.fish
            """)
        {
            shell,
        };
        command.SetAction(parse => Console.WriteLine(parse.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish }));
        return command;
    }
}
