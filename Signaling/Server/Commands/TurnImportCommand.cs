using System.CommandLine;
using MediaRelay.Server.CoturnImport;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay turn import-coturn</c>: our configuration for a turnserver.conf.</summary>
internal static class TurnImportCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "coturn's configuration file, or - for standard input.", HelpName = "turnserver.conf" };
        var command = new Command("import-coturn", """
            Print our Turn configuration section for coturn's, and list every option that it cannot carry.

            Examples:
              mediarelay turn import-coturn /etc/turnserver.conf
              mediarelay turn import-coturn /etc/turnserver.conf > mediarelay.json && mediarelay check --config mediarelay.json

            The section goes to standard output, the list to standard error.
            """)
        {
            file,
        };
        command.SetAction(parse =>
        {
            var path = parse.GetValue(file)!;
            var errors = parse.InvocationConfiguration.Error;
            string[] lines;
            try
            {
                lines = path == "-" ? Console.In.ReadToEnd().Split('\n') : File.ReadAllLines(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                errors.WriteLine($"{path} cannot be read: {e.Message}");
                return ExitCode.Failed;
            }

            var (json, remarks) = CoturnImporter.Import(lines);
            parse.InvocationConfiguration.Output.WriteLine(json);
            errors.WriteLine(remarks.Count == 0 ? "Every option was carried over." : "Not carried over, or different here:");
            foreach (var remark in remarks)
                errors.WriteLine($"  {remark}");
            return ExitCode.Success;
        });
        return command;
    }
}
