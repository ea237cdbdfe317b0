using System.Diagnostics;
using System.Net;
using System.Net.Sockets;


namespace MediaRelay.IO.Tests.Server;

/// <summary>The program as its user starts and stops it: exit codes, sentences, health, drain.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task A_started_node_is_healthy_ready_and_ends_with_zero_on_SIGTERM()
    {
        var metrics = $"127.0.0.1:{FreePort()}";
        using var program = MediaRelayProcess.Start("demo", "--metrics", metrics);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{metrics}") };
        await program.WaitForLineAsync("running");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/readyz")).StatusCode);
        Assert.Contains("# TYPE", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync("/api")).StatusCode);
        Assert.Equal(0, await program.TerminateAsync());
        Assert.Equal("", program.Errors);
    }

    [Fact]
    public async Task A_port_in_use_gives_one_sentence_and_exit_code_69()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = taken.LocalEndpoint.ToString();
        using var program = MediaRelayProcess.Start("demo", "--metrics", address!);
        Assert.Equal(69, await program.WaitForExitAsync());
        Assert.Equal($"mediarelay: http://{address} is in use by another program. Stop that program or choose another port (see --help).\n", program.Errors);
    }

    [Fact]
    public async Task Mistakes_in_the_configuration_give_sentences_and_exit_code_78()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """{ "Node": { "DrainTimeout": "10", "LogLevl": "Debug" /* a typo */ } }""");
        using var program = MediaRelayProcess.Start("check", "--config", file);
        Assert.Equal(78, await program.WaitForExitAsync());
        File.Delete(file);
        Assert.Equal(
            """
            mediarelay: Node:DrainTimeout is "10": a bare number has no unit; write 500ms, 10s, 5m, 2h, 7d or hh:mm:ss, e.g. 15m.
            mediarelay: Node:LogLevl is not an option. Did you mean Node:LogLevel?

            """, program.Errors);
    }

    [Fact]
    public async Task A_typo_a_bare_number_a_range_turned_round_and_a_missing_secret_give_four_sentences()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, """
            {
              "Turn": { "Reaml": "example.org", "MaxLifetime": "10", "Ports": "60000-50000" },
              "Signaling": { "Relays": ["turn:198.51.100.7:3478"] },
            }
            """);
        using var program = MediaRelayProcess.Start("check", "--config", file);
        Assert.Equal(78, await program.WaitForExitAsync());
        File.Delete(file);
        var lines = program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("mediarelay: Signaling:RelaySecret is missing or shorter than 16 characters", lines[0], StringComparison.Ordinal);
        Assert.Equal("mediarelay: Turn:MaxLifetime is \"10\": a bare number has no unit; write 500ms, 10s, 5m, 2h, 7d or hh:mm:ss, e.g. 1h.", lines[1]);
        Assert.Equal("mediarelay: Turn:Ports is '60000-50000'. Write first-last with at least 2 ports above 1023, e.g. 49152-65535.", lines[2]);
        Assert.Equal("mediarelay: Turn:Reaml is not an option. Did you mean Turn:Realm?", lines[3]);
    }

    [Fact]
    public async Task Addresses_that_are_none_are_found_by_check()
    {
        using var program = MediaRelayProcess.Start(
            "check", "--Node:MetricsListen=9464", "--Signaling:GatewayListen=gateways:8443", "--Signaling:PortalListen=:https", "--Signaling:RelaySecret=0123456789abcdef", "--Signaling:Relays=turn://198.51.100.7");
        Assert.Equal(78, await program.WaitForExitAsync());
        Assert.Equal(
            [
                "mediarelay: Node:MetricsListen is \"9464\", which is not an address and port. Write 127.0.0.1:9464, [::1]:9464 or :9464, or \"\" for none.",
                "mediarelay: Signaling:GatewayListen is \"gateways:8443\", which is not an address and port. Write 127.0.0.1:8443, [::1]:8443 or :8443.",
                "mediarelay: Signaling:PortalListen is \":https\", which is not an address and port. Write 127.0.0.1:8443, [::1]:8443 or :8443.",
                "mediarelay: Signaling:Relays has 'turn://198.51.100.7', which is no STUN or TURN URI. Write turn:198.51.100.7:3478?transport=udp, turns:relay.example.org or stun:relay.example.org.",
            ],
            program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    /// <summary>Files that a start would read are read by check as well, and a start ends with the same sentences.</summary>
    [Theory]
    [InlineData("check")]
    [InlineData("serve")]
    public async Task Files_that_cannot_be_used_are_found_before_anything_starts(string command)
    {
        var secret = Path.GetTempFileName();
        await File.WriteAllTextAsync(secret, "short\n");
        using var program = MediaRelayProcess.Start(
            command, "--Turn:AuthSecretFile=/nowhere/secret", "--Turn:TlsListen=127.0.0.1:0", "--Turn:Certificate=/nowhere/c.pem", "--Turn:CertificateKey=/nowhere/k.pem",
            "--Signaling:Relays=turn:198.51.100.7", $"--Signaling:RelaySecretFile={secret}", "--Signaling:PortalCertificate=/nowhere/p.pem", "--Signaling:PortalKey=/nowhere/p.key",
            "--Qos:ApplicationServerKeyFile=/nowhere/key");
        Assert.Equal(78, await program.WaitForExitAsync());
        File.Delete(secret);
        var lines = program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(5, lines.Length);
        Assert.StartsWith("mediarelay: Qos:ApplicationServerKeyFile /nowhere/key cannot be read: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("mediarelay: Signaling:PortalCertificate /nowhere/p.pem with key /nowhere/p.key cannot be used: ", lines[1], StringComparison.Ordinal);
        Assert.Equal($"mediarelay: Signaling:RelaySecretFile {secret} has a secret of 5 bytes. At least 16 are needed, the same that the relay has, e.g. the output of: openssl rand -hex 32", lines[2]);
        Assert.StartsWith("mediarelay: Turn:AuthSecretFile /nowhere/secret cannot be read: ", lines[3], StringComparison.Ordinal);
        Assert.StartsWith("mediarelay: Turn:Certificate /nowhere/c.pem and Turn:CertificateKey /nowhere/k.pem cannot be used: ", lines[4], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_made_is_a_sentence_and_exit_code_78()
    {
        using var program = MediaRelayProcess.Start("serve", "--Node:MetricsListen=", "--Node:DataFolder=/dev/null/data", "--Signaling:GatewayListen=127.0.0.1:0", "--Signaling:PortalListen=127.0.0.1:0");
        Assert.Equal(78, await program.WaitForExitAsync());
        var line = Assert.Single(program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("/dev/null/data", line, StringComparison.Ordinal);
    }

    /// <summary>A node that hangs is not a table that was left: each command says so and ends with 69.</summary>
    [Fact]
    public async Task A_node_that_does_not_answer_is_told_by_every_command_that_asks_it()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = silent.LocalEndpoint.ToString()!;
        string[][] commands = [["turn", "top"], ["cmts", "top"], ["session", "list"], ["session", "show", "s-1"]];
        var programs = commands.Select(command => MediaRelayProcess.Start([.. command, "--metrics", address])).ToList();
        foreach (var program in programs)
        {
            Assert.Equal(69, await program.WaitForExitAsync());
            Assert.Contains($"at {address} has not answered for 5 s.", program.Errors, StringComparison.Ordinal);
            program.Dispose();
        }

        using var mistyped = MediaRelayProcess.Start("session", "list", "--metrics", "not an address");
        Assert.Equal(64, await mistyped.WaitForExitAsync());
        Assert.StartsWith("mediarelay: --metrics is \"not an address\", which is not an address and port.", mistyped.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serving_without_a_role_says_what_to_do()
    {
        using var program = MediaRelayProcess.Start("serve");
        Assert.Equal(78, await program.WaitForExitAsync());
        Assert.StartsWith("mediarelay: No role is configured.", program.Errors, StringComparison.Ordinal);
    }

    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
