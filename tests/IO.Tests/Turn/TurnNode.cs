using System.Diagnostics;
using System.Globalization;
using MediaRelay.IO.Tests.Server;
using MediaRelay.Server.TurnTest;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>The program as <c>mediarelay turn</c> on loopback ports that the system chooses.</summary>
internal sealed class TurnNode : IDisposable
{
    public const string Realm = "relay.test";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly MediaRelayProcess _process;

    private TurnNode(MediaRelayProcess process) => _process = process;

    /// <summary>For UDP and TCP.</summary>
    public TransportAddress Address { get; private set; }

    public TransportAddress Tls { get; private set; }

    public TransportAddress Dtls { get; private set; }

    public static async Task<TurnNode> StartAsync(bool secure, params string[] arguments)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await StartOnceAsync(secure, arguments);
            }
            catch (InvalidOperationException e) when (attempt < 4 && e.Message.Contains("in use by another program", StringComparison.Ordinal))
            {
                // TCP takes the port that the system chose for UDP, and somebody's connection had it.
            }
        }
    }

    private static async Task<TurnNode> StartOnceAsync(bool secure, string[] arguments)
    {
        var node = new TurnNode(MediaRelayProcess.Start(["turn", "--listen", "127.0.0.1:0", "--realm", Realm, "--workers", "2", .. arguments]));
        node.Address = AddressIn(await node._process.WaitForLineAsync("over Udp"));
        node.Tls = secure ? AddressIn(await node._process.WaitForLineAsync("over Tls")) : default;
        node.Dtls = secure ? AddressIn(await node._process.WaitForLineAsync("over Dtls")) : default;
        _ = await node._process.WaitForLineAsync("Relaying with");
        return node;
    }

    /// <summary>TCP ports on which the process listens, as the kernel knows it.</summary>
    public int[] TcpPorts()
    {
        using var list = Process.Start(new ProcessStartInfo("ss", ["-Hltnp"]) { RedirectStandardOutput = true })!;
        var lines = list.StandardOutput.ReadToEnd().Split('\n');
        list.WaitForExit();
        return [.. lines.Where(line => line.Contains($"pid={_process.Id},", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3])
            .Select(address => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture)).Distinct()];
    }

    public Task<string> WaitForLineAsync(string text) => _process.WaitForLineAsync(text);

    /// <summary>Connects without asking for an allocation.</summary>
    public Task<TurnSession> ConnectAsync(StunTransport transport, TurnCredential credential)
    {
        var server = transport switch { StunTransport.Tls => Tls, StunTransport.Dtls => Dtls, _ => Address };
        var settings = new TurnClientSettings { Server = server, Transport = transport, Credential = credential, AcceptUnsignedErrors = true };
        return TurnSession.OpenAsync(settings, "localhost", insecure: true, CancellationToken.None);
    }

    /// <summary>Asks for an allocation and gives the answer: Allocated or RequestFailed.</summary>
    public static async Task<TurnClientCommand> AllocateAsync(TurnSession session)
    {
        await session.DoAsync((client, now, list) => client.Start(now, list), CancellationToken.None);
        return (await session.WaitAsync(told => told is TurnClientCommand.Allocated or TurnClientCommand.RequestFailed, Patience, CancellationToken.None))!;
    }

    public static async Task<bool> RefreshAsync(TurnSession session)
    {
        await session.DoAsync((client, now, list) => client.RequestRefresh(now, list), CancellationToken.None);
        return await session.WaitAsync(told => told is TurnClientCommand.Refreshed or TurnClientCommand.RequestFailed, Patience, CancellationToken.None) is TurnClientCommand.Refreshed;
    }

    public void Dispose() => _process.Dispose();

    // "... Listening on 127.0.0.1:4711 over Udp."
    private static TransportAddress AddressIn(string line)
    {
        var from = line.IndexOf("on ", StringComparison.Ordinal) + 3;
        return TransportAddress.Parse(line[from..line.IndexOf(" over", StringComparison.Ordinal)].ToString(CultureInfo.InvariantCulture));
    }
}
