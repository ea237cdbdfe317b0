using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MediaRelay.Server.Commands;

/// <summary>
/// Gives each command two texts from one description: the first paragraph stands in lists, the rest (examples, exit codes)
/// is printed below the command's own help.
/// </summary>
internal static class HelpPages
{
    public static RootCommand Apply(RootCommand root)
    {
        var details = new Dictionary<Command, string>();
        Split(root, details);
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new Page((SynchronousCommandLineAction)option.Action!, details);
        }

        return root;
    }

    private static void Split(Command command, Dictionary<Command, string> details)
    {
        var text = (command.Description ?? "").ReplaceLineEndings("\n");
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        if (end > 0)
        {
            command.Description = text[..end].Replace('\n', ' ');
            details[command] = text[(end + 2)..];
        }

        foreach (var child in command.Subcommands)
        {
            Split(child, details);
        }
    }

    private sealed class Page(SynchronousCommandLineAction help, Dictionary<Command, string> details) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            if (details.TryGetValue(parseResult.CommandResult.Command, out var text))
            {
                parseResult.InvocationConfiguration.Output.WriteLine(text + "\n");
            }

            return code;
        }
    }
}
