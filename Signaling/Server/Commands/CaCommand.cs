using System.CommandLine;
using MediaRelay.Server.Hosting;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.IO.Storage.Sqlite;

namespace MediaRelay.Server.Commands;

/// <summary><c>mediarelay ca</c>: the operator's certificate authority and the gateways that may enrol.</summary>
internal static class CaCommand
{
    private static readonly Option<string> s_data = new("--data") { Description = "Data folder of the node (Node:DataFolder).", HelpName = "folder", DefaultValueFactory = _ => "data" };

    public static Command Create() => new("ca", """
        The operator's certificate authority: make it, issue and revoke certificates, let gateways enrol.

        Examples:
          mediarelay ca init --data data --server events.example.org
          mediarelay ca claim --data data gw-0001          registers the gateway and prints its claim code
          mediarelay ca digest --data data gw-0002         registers the gateway and prints its password
          mediarelay ca issue --data data --gateway gw-0003 --out gw-0003
          mediarelay ca revoke --data data 4F12AB...
          mediarelay ca disable --data data gw-0002        refuses every request of the gateway
        """)
    {
        Init(), Issue(), Revoke(), Claim(), Digest(), Switch("enable", true), Switch("disable", false),
    };

    private static Command Init()
    {
        var name = new Option<string>("--name") { Description = "Name of the authority, shown in its certificate.", DefaultValueFactory = _ => "MediaRelay operator" };
        var server = new Option<string[]>("--server") { Description = "DNS names or addresses of the Event Server; a certificate for them is made too.", AllowMultipleArgumentsPerToken = true };
        var command = new Command("init", """
            Make a new authority, and a server certificate when names are given.

            Examples:
              mediarelay ca init --data data --name "Example Cable" --server events.example.org 198.51.100.7
            """)
        { s_data, name, server };
        command.SetAction((parse, _) => GuardAsync(() => CommandAudit.RunAsync(parse.GetValue(s_data)!, "ca init", () =>
        {
            string folder = Authority(parse.GetValue(s_data)!);
            using OperatorAuthority authority = OperatorAuthority.Create(folder, parse.GetValue(name)!, DateTimeOffset.UtcNow);
            if (parse.GetValue(server) is { Length: > 0 } names)
                Write(folder, "server", authority.IssueServer(names, TimeSpan.FromDays(397), DateTimeOffset.UtcNow));
            Console.WriteLine($"The authority is in {folder}. Keep ca.key secret and safe; give ca.crt to the gateways.");
        })));
        return command;
    }

    private static Command Issue()
    {
        var server = new Option<string[]>("--server") { Description = "DNS names or addresses of a server.", AllowMultipleArgumentsPerToken = true };
        var gateway = new Option<string?>("--gateway") { Description = "Id of a gateway that cannot enrol by itself." };
        var home = new Option<string?>("--home") { Description = "Home the gateway stands in; without it, the gateway's id." };
        var output = new Option<string?>("--out") { Description = "Folder for the files; without it, a server's go to the authority folder, a gateway's to a folder of its id." };
        var days = new Option<int>("--days") { Description = "Life of the certificate in days, 1 to 3650.", DefaultValueFactory = _ => 365 }.Within(1, 3650);
        var command = new Command("issue", """
            Make a key and a certificate for a server or a gateway; the gateway is registered too.

            Examples:
              mediarelay ca issue --data data --server events.example.org
              mediarelay ca issue --data data --gateway gw-0003 --out gw-0003 --days 365
            """)
        { s_data, server, gateway, home, output, days };
        command.SetAction((parse, _) => GuardAsync(async () =>
        {
            string folder = Authority(parse.GetValue(s_data)!);
            using OperatorAuthority authority = OperatorAuthority.Open(folder);
            TimeSpan life = TimeSpan.FromDays(parse.GetValue(days));
            if (parse.GetValue(server) is { Length: > 0 } names)
                await CommandAudit.RunAsync(parse.GetValue(s_data)!, $"ca issue --server {string.Join(' ', names)}", () => Write(parse.GetValue(output) ?? folder, "server", authority.IssueServer(names, life, DateTimeOffset.UtcNow)));
            else if (parse.GetValue(gateway) is { } text)
                await IssueGatewayAsync(authority, parse.GetValue(s_data)!, Id(text), parse.GetValue(home), parse.GetValue(output), life);
            else
                throw new FormatException("Name what to issue: --server NAME or --gateway ID.");
        }));
        return command;
    }

    private static async Task IssueGatewayAsync(OperatorAuthority authority, string data, string id, string? home, string? output, TimeSpan life)
    {
        // A server refuses a gateway it does not know, whatever its certificate says.
        await using SqliteStorage storage = SqliteStorage.Open(data);
        await RegisterAsync(storage, "ca issue --gateway", id, home, record => record);
        Write(output ?? id, "gateway", authority.IssueGateway(id, life, DateTimeOffset.UtcNow));
        Console.WriteLine($"The gateway {id} is registered, for the home {storage.Gateways.Find(id)!.Home}.");
    }

    private static Command Revoke()
    {
        var serial = new Argument<string>("serial") { Description = "Serial number, hexadecimal, as 'openssl x509 -serial' shows it." };
        var command = new Command("revoke", """
            Refuse a certificate from now on; running servers read the list within 30 s.

            Examples:
              mediarelay ca revoke --data data 4F12ABCD0123456789ABCDEF01234567
            """)
        { s_data, serial };
        command.SetAction((parse, _) => GuardAsync(() => CommandAudit.RunAsync(parse.GetValue(s_data)!, $"ca revoke {parse.GetValue(serial)}", () =>
        {
            using OperatorAuthority authority = OperatorAuthority.Open(Authority(parse.GetValue(s_data)!));
            authority.Revoke(parse.GetValue(serial)!, DateTimeOffset.UtcNow);
            Console.WriteLine("The certificate is revoked.");
        })));
        return command;
    }

    private static Command Claim()
    {
        var gateway = new Argument<string>("gateway") { Description = "Id of the gateway." };
        var home = new Option<string?>("--home") { Description = "Home it stands in; without it, the gateway's id." };
        var days = new Option<int>("--days") { Description = "Days for which the code can be used, 1 to 3650.", DefaultValueFactory = _ => 30 }.Within(1, 3650);
        var command = new Command("claim", """
            Register a gateway and print the code with which it enrols once.

            Examples:
              mediarelay ca claim --data data gw-0001 --home home-17
            """)
        { s_data, gateway, home, days };
        command.SetAction((parse, _) => GuardAsync(async () =>
        {
            string code = ClaimCode.Create(), id = Id(parse.GetValue(gateway)!);
            RequireAuthority(parse.GetValue(s_data)!);
            await using SqliteStorage storage = SqliteStorage.Open(parse.GetValue(s_data)!);
            await RegisterAsync(storage, "ca claim", id, parse.GetValue(home), record => record with { ClaimDigest = ClaimCode.Digest(code), ClaimUntil = DateTimeOffset.UtcNow.AddDays(parse.GetValue(days)) });
            Console.WriteLine(code);
        }));
        return command;
    }

    private static Command Digest()
    {
        var gateway = new Argument<string>("gateway") { Description = "Id of the gateway." };
        var home = new Option<string?>("--home") { Description = "Home it stands in; without it, the gateway's id." };
        var md5 = new Option<bool>("--md5") { Description = "Also allow MD5, for an old gateway that knows nothing better." };
        var realm = new Option<string>("--realm") { Description = "Signaling:DigestRealm of the server.", DefaultValueFactory = _ => new SignalingOptions().DigestRealm };
        var command = new Command("digest", """
            Register a gateway that authenticates with digest, and print its password. A new password replaces the old one in running servers within 30 s.

            Examples:
              mediarelay ca digest --data data gw-0002
            """)
        { s_data, gateway, home, md5, realm };
        command.SetAction((parse, _) => GuardAsync(async () =>
        {
            string password = ClaimCode.Create(), id = Id(parse.GetValue(gateway)!), name = parse.GetValue(realm)!;
            RequireAuthority(parse.GetValue(s_data)!);
            using SecretBox box = SecretBox.Open(Path.Combine(parse.GetValue(s_data)!, "secrets.key"));
            await using SqliteStorage storage = SqliteStorage.Open(parse.GetValue(s_data)!);
            await RegisterAsync(storage, "ca digest", id, parse.GetValue(home), record => record with
            {
                DigestSecret = GatewaySecrets.Seal(box, DigestAlgorithm.Sha256, id, name, password),
                DigestSecretMd5 = parse.GetValue(md5) ? GatewaySecrets.Seal(box, DigestAlgorithm.Md5, id, name, password) : null,
            });
            Console.WriteLine(password);
        }));
        return command;
    }

    private static Command Switch(string name, bool isEnabled)
    {
        var gateway = new Argument<string>("gateway") { Description = "Id of the gateway." };
        var command = new Command(name, $"""
            {(isEnabled ? "Serve a gateway again that was switched off" : "Refuse every request of a gateway, whatever its certificate or password")}; running servers know within 30 s.

            Examples:
              mediarelay ca {name} --data data gw-0002
            """)
        { s_data, gateway };
        command.SetAction((parse, _) => GuardAsync(async () =>
        {
            string id = Id(parse.GetValue(gateway)!);
            RequireAuthority(parse.GetValue(s_data)!);
            await using SqliteStorage storage = SqliteStorage.Open(parse.GetValue(s_data)!);
            await CommandAudit.RunAsync(storage, $"ca {name} {id}", async () =>
            {
                if (!await storage.Gateways.ChangeAsync(id, record => record with { IsEnabled = isEnabled }))
                    throw new InvalidOperationException($"The gateway {id} is not registered.");
            });
            Console.WriteLine(isEnabled ? $"The gateway {id} is served." : $"The gateway {id} is refused.");
        }));
        return command;
    }

    private static Task RegisterAsync(SqliteStorage storage, string command, string id, string? home, Func<GatewayRecord, GatewayRecord> change) => CommandAudit.RunAsync(storage, $"{command} {id}", () =>
        storage.Gateways.SaveAsync(change(storage.Gateways.Find(id) ?? new GatewayRecord { Id = id, Home = home ?? id })));

    private static string Authority(string data) => Path.Combine(data, "authority");

    /// <summary>A mistyped folder would get a database of its own, and no server would know the gateway.</summary>
    private static void RequireAuthority(string data) => OperatorAuthority.Open(Authority(data)).Dispose();

    private static string Id(string text) => SmaContract.IsId(text) ? text : throw new FormatException($"\"{text}\" is not an id of 1-64 characters A-Za-z0-9._-.");

    private static void Write(string folder, string name, IssuedCertificate issued)
    {
        Directory.CreateDirectory(folder);
        string key = Path.Combine(folder, name + ".key"), certificate = Path.Combine(folder, name + ".crt");
        File.Delete(key);
        using (var stream = new FileStream(key, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            stream.Write(System.Text.Encoding.ASCII.GetBytes(issued.KeyPem!));
        File.WriteAllText(certificate, issued.CertificatePem + "\n");
        Console.WriteLine($"{certificate} and {key}: serial {issued.Serial}, until {issued.NotAfter:yyyy-MM-dd}.");
    }

    /// <summary>What the operator can repair is one sentence, not a trace.</summary>
    internal static async Task<int> GuardAsync(Func<Task> action)
    {
        try
        {
            await action();
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or FormatException or StorageException or UnauthorizedAccessException or InvalidOperationException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync($"mediarelay: {e.Message}");
            return e is FormatException ? ExitCode.Usage : ExitCode.Failed;
        }
    }
}
