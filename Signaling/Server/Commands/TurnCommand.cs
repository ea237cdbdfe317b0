using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Hosting;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay turn</c>: a relay alone, without a configuration file. Each flag sets one key of the Turn section.</summary>
internal static class TurnCommand
{
    private const string SecretVariable = "MEDIARELAY_TURN_AUTH_SECRET";

    public static Command Create()
    {
        var command = new Command("turn", """
            Run a STUN and TURN relay alone, without a configuration file.

            Examples:
              mediarelay turn --listen 10.0.0.1:3478 --realm example.org --user alice:wonderland
              mediarelay turn --listen 10.0.0.1:3478 --tls-listen 10.0.0.1:5349 --cert c.pem --key k.pem \
                  --external-address 203.0.113.5 --realm example.org --auth-secret-file /etc/mediarelay/turn.secret
              mediarelay turn --listen :3478 --realm example.org --auth-secret-file s --alternate-server 203.0.113.6:3478
              mediarelay turn top --metrics 127.0.0.1:9464
              mediarelay turn test turn:relay.example.org --user alice --password wonderland
              mediarelay turn import-coturn /etc/turnserver.conf > mediarelay.json

            Secrets: every user of the machine can read a program's command line. Prefer --auth-secret-file, --users-file
            or the environment variable MEDIARELAY_TURN_AUTH_SECRET to --auth-secret and --user.
            Files with secrets and certificates are read again when they change.
            SIGTERM drains for at most --drain-timeout, a second SIGTERM ends at once.
            Exit codes: 0 stopped as asked, 69 a port is in use, 77 missing rights, 78 configuration.
            """);
        foreach (var flag in TurnFlags.All)
            command.Add(flag.Option);
        command.Add(TurnFlags.Metrics);
        command.Add(TurnFlags.DrainTimeout);
        command.Add(TurnFlags.LogLevel);
        command.Add(TurnTopCommand.Create());
        command.Add(TurnTestCommand.Create());
        command.Add(TurnImportCommand.Create());
        command.SetAction(async (parse, _) =>
        {
            var options = new TurnOptions();
            foreach (var flag in TurnFlags.All)
                flag.Apply(parse, options);
            if (Environment.GetEnvironmentVariable(SecretVariable) is { Length: > 0 } secret)
                options.AuthSecrets = [.. options.AuthSecrets, .. secret.Split(',', StringSplitOptions.RemoveEmptyEntries)];
            else if (options.AuthSecrets.Length > 0)
                await Console.Error.WriteLineAsync("mediarelay: --auth-secret is visible to every user of this machine in the process list. Use --auth-secret-file.");
            var node = new NodeOptions
            {
                MetricsListen = parse.GetValue(TurnFlags.Metrics)!,
                DrainTimeout = parse.GetValue(TurnFlags.DrainTimeout),
                LogLevel = parse.GetValue(TurnFlags.LogLevel),
            };
            var faults = Check(options);
            return faults.Count > 0 ? ServerRunner.Report(faults) : await ServerRunner.RunAsync(() => Build(node, options));
        });
        return command;
    }

    internal static List<ConfigurationFault> Check(TurnOptions options)
    {
        var results = new List<ValidationResult>();
        _ = Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return [.. results.Select(result => new ConfigurationFault($"Turn:{result.MemberNames.FirstOrDefault()}", result.ErrorMessage ?? "Turn has a value that cannot be used."))];
    }

    private static WebApplication Build(NodeOptions node, TurnOptions options)
    {
        var builder = RoleHost.CreateBuilder(node);
        builder.Services.AddTurn(options);
        var app = builder.Build();
        RoleHost.MapManagement(app, ["Turn"]);
        app.MapTurnAdmin();
        return app;
    }
}
