using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MediaRelay.Server.Demo;

/// <summary>What one run of the demo uses: addresses, ports, folder and passwords, made for this run.</summary>
internal sealed class DemoSettings
{
    public required string Listen { get; init; }

    public required int HttpsPort { get; init; }

    public required string Metrics { get; init; }

    public required string Folder { get; init; }

    public string? Camera { get; init; }

    public bool RaisesAlarm { get; init; }

    /// <summary>The network that the home is put into; null leaves it on this machine.</summary>
    public DemoNat? Nat { get; init; }

    /// <summary>Ports that the relay relays on. Behind a NAT they are none that the system gives to a browser here, so that a router can tell the two apart.</summary>
    public string RelayedPorts => Nat is null ? "49152-65535" : "61000-65535";

    public int GatewayPort { get; } = FreePort();

    public int TurnPort { get; } = FreePort();

    public int CmtsPort { get; } = FreePort();

    public int PolicyPort { get; } = FreePort();

    public string RelaySecret { get; } = Secret(24);

    /// <summary>User name, name people see, role, home.</summary>
    public IReadOnlyList<DemoUser> Users { get; } =
    [
        new("ann", "Ann", Signaling.Access.ActorRole.HomeOwner, "home-1", Secret(9)),
        new("olga", "Olga", Signaling.Access.ActorRole.CentralStationOperator, null, Secret(9)),
        new("sue", "Sue", Signaling.Access.ActorRole.CentralStationSupervisor, null, Secret(9)),
        new("max", "Max", Signaling.Access.ActorRole.MsoOperator, null, Secret(9)),
    ];

    public string Portal => $"https://{(Listen == "127.0.0.1" ? "localhost" : Listen)}:{HttpsPort}";

    public string Turn => $"turn:{Listen}:{TurnPort}?transport=udp";

    internal static int FreePort()
    {
        // Free for TCP and for UDP: the relay uses both.
        for (int i = 0; ; i++)
        {
            using var tcp = new TcpListener(IPAddress.Any, 0);
            tcp.Start();
            int port = ((IPEndPoint)tcp.LocalEndpoint).Port;
            try
            {
                using var udp = new UdpClient(port);
                return port;
            }
            catch (SocketException) when (i < 20)
            {
                // Taken by another program for UDP; the next one may be free.
            }
        }
    }

    private static string Secret(int bytes) => Convert.ToBase64String(RandomNumberGenerator.GetBytes(bytes)).TrimEnd('=').Replace('+', 'x').Replace('/', 'y');
}

/// <summary>A person of the demo.</summary>
internal sealed record DemoUser(string Id, string Name, Signaling.Access.ActorRole Role, string? Home, string Password);
