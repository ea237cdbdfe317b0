using System.CommandLine;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay demo</c>: the main job with embedded defaults, what <c>./run.sh</c> starts.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var metrics = new Option<string>("--metrics") { Description = "Address and port of health and metrics.", HelpName = "ip:port", DefaultValueFactory = _ => "127.0.0.1:9464" };
        var command = new Command("demo", """
            Run the main job with embedded defaults and print where to look.

            Examples:
              mediarelay demo
              mediarelay demo --metrics 127.0.0.1:9500
            """)
        {
            metrics,
        };
        command.SetAction(async (parse, _) =>
        {
            var (configuration, faults) = ServerConfiguration.Load(null, [$"--Node:MetricsListen={parse.GetValue(metrics)}", "--Node:DrainTimeout=5s"]);
            if (faults.Count > 0)
            {
                return ServerRunner.Report(faults);
            }

            var app = RoleHost.Build(configuration);
            return await ServerRunner.RunAsync(app, () =>
            {
                var url = app.Urls.FirstOrDefault() ?? "";
                Console.WriteLine($"""

                    MediaRelay is running.
                      health    {url}/healthz
                      metrics   {url}/metrics
                      stop      Ctrl-C
                    """);
                return Task.CompletedTask;
            });
        });
        return command;
    }
}
