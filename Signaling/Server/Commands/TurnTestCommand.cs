using System.CommandLine;
using System.Globalization;
using System.Text;
using MediaRelay.Server.Hosting;
using MediaRelay.Server.TurnTest;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay turn test</c>: check a TURN server step by step as a client would.</summary>
internal static class TurnTestCommand
{
    private const string PasswordVariable = "MEDIARELAY_TURN_PASSWORD";

    private static readonly Argument<string> Server = new("server")
    {
        Description = "turn:host[:port][?transport=udp|tcp] or turns:host[:port][?transport=tcp|udp] (TLS, DTLS).",
        HelpName = "uri",
    };

    private static readonly Option<string?> User = new("--user", "-u") { Description = "User name; with --auth-secret the subject of a timed name.", HelpName = "name" };

    private static readonly Option<string?> Password = new("--password", "-p")
    {
        Description = $"Password. Other users of this machine can see it in the process list; the variable {PasswordVariable} is safer.",
        HelpName = "text",
    };

    private static readonly Option<string?> Secret = new("--auth-secret", "-s")
    {
        Description = "Shared secret of timed credentials: makes name and password itself, valid for five minutes. Visible in the process list; --auth-secret-file is safer.",
        HelpName = "text",
    };

    private static readonly Option<string?> SecretFile = new("--auth-secret-file") { Description = "File with the shared secret in its first line, as Turn:AuthSecretFile has it.", HelpName = "file" };
    private static readonly Option<string?> Family = new("--family") { Description = "Ask for a relayed address of this family: ipv4 or ipv6.", HelpName = "family" };
    private static readonly Option<bool> Insecure = new("--insecure", "-k") { Description = "Go on although the TLS certificate does not hold, and say why it does not." };
    private static readonly Option<int> Timeout = new("--timeout") { Description = "Longest time of one step in seconds, 1 to 60.", HelpName = "s", DefaultValueFactory = _ => 10 };

    static TurnTestCommand()
    {
        Family.AcceptOnlyFromAmong("ipv4", "ipv6");
        Timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 60)
                result.AddError("--timeout needs 1 to 60 seconds.");
        });
        Server.Validators.Add(result =>
        {
            var text = result.GetValueOrDefault<string>();
            if (!StunUri.TryParse(text, out var uri) || !uri!.IsTurn)
                result.AddError($"'{text}' is no TURN URI. Write turn:host, turn:host:3478?transport=tcp or turns:host.");
        });
    }

    public static Command Create()
    {
        var command = new Command("test", $"""
            Check a TURN server step by step as a client would: resolve, connect, binding, challenge, two allocations, permission, data
            both ways through the relay, channel, refresh, delete. Works with any TURN server.

            Examples:
              mediarelay turn test turn:relay.example.org --user alice --password secret
              mediarelay turn test turns:relay.example.org:443 --auth-secret-file /etc/mediarelay/turn-secret
              mediarelay turn test "turn:[2001:db8::10]:3478?transport=tcp" -u alice -p secret --family ipv6

            Exit code 0 when every step succeeded, else 1. The failed step says why in words.
            """)
        {
            Server, User, Password, Secret, SecretFile, Family, Insecure, Timeout,
        };
        command.SetAction(async (parse, stop) =>
        {
            _ = StunUri.TryParse(parse.GetValue(Server), out var uri);
            if (!TryReadSecret(parse.GetValue(Secret), parse.GetValue(SecretFile), out var secret, out var fault))
            {
                await Console.Error.WriteLineAsync($"mediarelay: {fault}");
                return ExitCode.Usage;
            }

            var settings = new TurnTestSettings
            {
                Server = uri!,
                Credential = ReadCredential(parse.GetValue(User), parse.GetValue(Password), secret),
                Insecure = parse.GetValue(Insecure),
                Patience = TimeSpan.FromSeconds(parse.GetValue(Timeout)),
                Family = parse.GetValue(Family) switch { "ipv4" => IpFamily.V4, "ipv6" => IpFamily.V6, _ => IpFamily.None },
            };
            var output = parse.InvocationConfiguration.Output;
            var succeeded = await new TurnTester(settings, step => output.WriteLine(Format(step))).RunAsync(stop).ConfigureAwait(false);
            output.WriteLine(succeeded ? "The server works." : "The server does not work for this client.");
            return succeeded ? ExitCode.Success : ExitCode.Failed;
        });
        return command;
    }

    internal static string Format(TurnTestStep step) => string.Create(CultureInfo.InvariantCulture,
        $"{(step.Succeeded ? "ok    " : "FAILED")}  {step.Name,-18}{step.Elapsed.TotalMilliseconds,8:0.0} ms  {step.Words}");

    /// <summary>The secret of one of the two options; false with a sentence when it cannot be had.</summary>
    internal static bool TryReadSecret(string? given, string? file, out string? secret, out string fault)
    {
        (secret, fault) = (given, "");
        if (string.IsNullOrEmpty(file))
            return true;
        if (!string.IsNullOrEmpty(given))
        {
            fault = "--auth-secret and --auth-secret-file are both given. Keep the file.";
            return false;
        }

        try
        {
            secret = File.ReadLines(file).Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && !line.StartsWith('#'));
            fault = secret is null ? $"{file} holds no secret. Its first line that is no remark is taken." : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fault = $"{file} cannot be read: {exception.Message.TrimEnd('.')}.";
        }

        return fault.Length == 0;
    }

    private static TurnCredential? ReadCredential(string? user, string? password, string? secret)
    {
        if (!string.IsNullOrEmpty(secret))
        {
            var timed = TimedCredential.Issue(Encoding.UTF8.GetBytes(secret), DateTimeOffset.UtcNow.AddMinutes(5), user ?? "turn-test");
            return TurnCredential.FromPassword(timed.Username, timed.Password);
        }

        password ??= Environment.GetEnvironmentVariable(PasswordVariable);
        return string.IsNullOrEmpty(user) ? null : TurnCredential.FromPassword(user, password ?? "");
    }
}
