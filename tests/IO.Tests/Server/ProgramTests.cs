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
              "Turn": { "Reaml": "example.org", "PermissionLifetime": "10", "Ports": "60000-50000" },
              "Signaling": { "Relays": ["turn:198.51.100.7:3478"] },
            }
            """);
        using var program = MediaRelayProcess.Start("check", "--config", file);
        Assert.Equal(78, await program.WaitForExitAsync());
        File.Delete(file);
        var lines = program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("mediarelay: Signaling:RelaySecret is missing or shorter than 16 characters", lines[0], StringComparison.Ordinal);
        Assert.Equal("mediarelay: Turn:PermissionLifetime is \"10\": a bare number has no unit; write 500ms, 10s, 5m, 2h, 7d or hh:mm:ss, e.g. 5m.", lines[1]);
        Assert.Equal("mediarelay: Turn:Ports is '60000-50000'. Write first-last with at least 2 ports above 1023, e.g. 49152-65535.", lines[2]);
        Assert.Equal("mediarelay: Turn:Reaml is not an option. Did you mean Turn:Realm?", lines[3]);
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
