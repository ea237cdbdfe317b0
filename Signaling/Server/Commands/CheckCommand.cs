using System.CommandLine;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay check</c>: validate the configuration and stop.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var command = new Command("check", """
            Check the configuration and the files that it names, print every fault as one sentence, and stop. Exit code 0 or 78.
            Run it as the user that the service runs as: what only root may read is then found too.

            Examples:
              mediarelay check --config /etc/mediarelay/mediarelay.json
              mediarelay check -c mediarelay.json --Node:DrainTimeout=5m
            """)
        {
            CommonOptions.Config,
            CommonOptions.Overrides,
        };
        command.SetAction(parse =>
        {
            var (configuration, faults) = ServerConfiguration.Load(parse.GetValue(CommonOptions.Config), parse.GetValue(CommonOptions.Overrides) ?? []);
            configuration.CheckFiles(faults);
            if (faults.Count == 0)
            {
                var roles = configuration.Roles.Count == 0 ? "no role" : string.Join(", ", configuration.Roles.Select(r => r.Section));
                Console.WriteLine($"The configuration is good. It runs: {roles}.");
            }

            return ServerRunner.Report(faults);
        });
        return command;
    }
}
