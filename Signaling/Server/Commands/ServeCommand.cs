using System.CommandLine;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay serve</c>: every role whose configuration section exists.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var command = new Command("serve", """
            Run every role whose section exists in the configuration.

            Examples:
              mediarelay serve --config /etc/mediarelay/mediarelay.json
              mediarelay serve -c mediarelay.json --Node:LogForm=Json --Turn:Realm=example.org
              MEDIARELAY_Turn__Realm=example.org mediarelay serve -c mediarelay.json

            SIGTERM drains (at most Node:DrainTimeout), a second SIGTERM ends at once.
            Exit codes: 0 stopped as asked, 69 a port is in use, 77 missing rights, 78 configuration.
            """)
        {
            CommonOptions.Config,
            CommonOptions.Overrides,
        };
        command.SetAction(async (parse, _) =>
        {
            var (configuration, faults) = ServerConfiguration.Load(parse.GetValue(CommonOptions.Config), parse.GetValue(CommonOptions.Overrides) ?? []);
            if (faults.Count == 0 && configuration.Roles.Count == 0)
            {
                faults.Add(new("", "No role is configured. Add a section such as \"Turn\": { } to the file named by --config, or try 'mediarelay demo'."));
            }

            configuration.CheckFiles(faults);
            return faults.Count > 0 ? ServerRunner.Report(faults) : await ServerRunner.RunAsync(() => RoleHost.Build(configuration), ExitCode.Configuration);
        });
        return command;
    }
}
