using System.CommandLine;
using MediaRelay.Server.Configuration;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay config sample</c>: the documented sample file.</summary>
internal static class ConfigCommand
{
    public static Command Create()
    {
        var sample = new Command("sample", """
            Print a configuration file with every option: its sentence, unit, range and default.

            Example:
              mediarelay config sample > mediarelay.json
            """);
        sample.SetAction(_ => Console.Write(SampleFile.Write()));
        return new Command("config", "Work with the configuration file.") { sample };
    }
}
