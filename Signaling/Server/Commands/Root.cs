using System.CommandLine;

namespace MediaRelay.Server.Commands;

/// <summary>
/// The command line's root. To add a command: write <c>XCommand.cs</c> beside this file with a static <c>Create()</c>
/// that returns a <see cref="Command"/> whose description is one sentence, a blank line, then examples; add one line below.
/// </summary>
internal static class Root
{
    public static RootCommand Create()
    {
        var root = new RootCommand("""
            MediaRelay: media, NAT traversal, signaling and QoS for home security, monitoring and automation.

            Examples:
              mediarelay demo                                   the whole product on this machine, with a demo home
              mediarelay config sample > mediarelay.json        a documented configuration to start from
              mediarelay check --config mediarelay.json         find every mistake in it
              mediarelay serve --config mediarelay.json         run the roles that it configures
            """)
        {
            ServeCommand.Create(),
            DemoCommand.Create(),
            CheckCommand.Create(),
            ConfigCommand.Create(),
            TurnCommand.Create(),
            PolicyServerCommand.Create(),
            CmtsCommand.Create(),
            CaCommand.Create(),
            UserCommand.Create(),
            JournalCommand.Create(),
            SessionCommand.Create(),
            GatewayCommand.Create(),
            CompletionCommand.Create(),
        };
        return HelpPages.Apply(root);
    }
}
