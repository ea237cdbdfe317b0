using System.CommandLine;

namespace MediaRelay.Server.Commands;

/// <summary>Options and arguments that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string?> Config { get; } = new("--config", "-c")
    {
        Description = "Configuration file (JSON, comments allowed). Without it, the defaults, MEDIARELAY_ variables and --Section:Key=value.",
        HelpName = "file",
    };

    /// <summary>Collects --Section:Key=value arguments, which System.CommandLine does not know by name.</summary>
    public static Argument<string[]> Overrides { get; } = new("overrides")
    {
        Description = "Single values that win over file and environment, as --Section:Key=value.",
        Arity = ArgumentArity.ZeroOrMore,
    };
}
