using System.Globalization;
using System.Text.Json;
using MediaRelay.Server.Demo;
using MediaRelay.System.Tests.Media;

namespace MediaRelay.System.Tests.LookIn;

/// <summary>
/// A small Internet for look-ins: the demo on a host of its own, its home behind a NAT that the demo makes, viewers behind others.
/// <code>
/// home 192.168.77.2 - router (demo --nat) 198.18.0.2 - 198.18.0.1 HOST 11.N.0.1 - 11.N.0.2 router - viewer 192.168.88.2
/// </code>
/// </summary>
internal sealed class LookInStage : IAsyncDisposable
{
    private static int _count;
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"ml{Environment.ProcessId % 100_000}{(char)('a' + (Interlocked.Increment(ref _count) % 26))}");
    private readonly List<StageViewer> _viewers = [];
    private int _networks;

    public LookInStage()
    {
        LoopbackNamespace.Run("ip", "netns", "add", Host);
        LoopbackNamespace.Run("ip", "-n", Host, "link", "set", "lo", "up");
        LoopbackNamespace.Run("ip", "netns", "exec", Host, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    }

    /// <summary>Namespace of the demo.</summary>
    public string Host => _name + "h";

    /// <summary>The running demo.</summary>
    public DemoProcess Demo { get; private set; } = null!;

    /// <summary>Starts the demo with its home behind a NAT, or again behind another.</summary>
    public async Task StartDemoAsync(DemoNatKind home)
    {
        Demo?.Dispose();
        string kind = home switch { DemoNatKind.PortRestricted => "port-restricted", DemoNatKind.EndpointIndependent => "endpoint-independent", DemoNatKind.UdpBlocked => "udp-blocked", _ => "symmetric" };
        // nsenter, not "ip netns exec": the namespaces that the demo makes are to be seen here too.
        Demo = await DemoProcess.StartAsync(["nsenter", $"--net=/run/netns/{Host}"], "--nat", kind);
    }

    /// <summary>A viewer's machine behind a NAT of a kind, or with a public address of its own.</summary>
    public async Task<StageViewer> AddViewerAsync(DemoNatKind? kind)
    {
        int number = ++_networks;
        string viewer = $"{_name}v{number}", router = $"{_name}r{number}", net = $"11.{number}.0";
        bool hasNat = kind is not null;
        string[] spaces = hasNat ? [viewer, router] : [viewer];
        string outer = hasNat ? router : viewer;
        Shell($$"""
            set -e
            # Without IPv6: its addresses come a second later, and Chromium drops what it is loading when the network changes.
            for x in {{string.Join(' ', spaces)}}; do ip netns add $x; ip netns exec $x sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; ip -n $x link set lo up; done
            ip -n {{Host}} link add v{{number}} type veth peer name wan netns {{outer}}
            ip -n {{Host}} addr add {{net}}.1/24 dev v{{number}}
            ip -n {{Host}} link set v{{number}} up
            ip -n {{outer}} addr add {{net}}.2/24 dev wan
            ip -n {{outer}} link set wan up
            ip -n {{outer}} route add default via {{net}}.1
            """);
        if (kind is { } wanted)
        {
            Shell($$"""
                set -e
                ip -n {{router}} link add lan type veth peer name eth0 netns {{viewer}}
                ip -n {{router}} addr add 192.168.88.1/24 dev lan
                ip -n {{router}} link set lan up
                ip -n {{viewer}} addr add 192.168.88.2/24 dev eth0
                ip -n {{viewer}} link set eth0 up
                ip -n {{viewer}} route add default via 192.168.88.1
                ip netns exec {{router}} sysctl -qw net.ipv4.ip_forward=1
                ip netns exec {{router}} nft -f - <<'RULES'
                {{DemoNatRules.Of(wanted, "192.168.88.2").ReplaceLineEndings("\n                ")}}
                RULES
                """.Replace("\n                RULES", "\nRULES", StringComparison.Ordinal));
        }

        StageViewer made = await StageViewer.StartAsync(viewer, spaces);
        _viewers.Add(made);
        return made;
    }

    /// <summary>A client of the demo's portal API, inside the host's namespace, with the token of a role.</summary>
    public HttpClient Client(string role) => Demo.Client(role, NamespaceHttp.Handler(Host));

    /// <summary>Gates that the emulated CMTS has now, by state.</summary>
    public static async Task<string[]> GatesAsync(HttpClient operatorClient)
    {
        using JsonDocument now = JsonDocument.Parse(await operatorClient.GetStringAsync(new Uri("/api/operator/gates", UriKind.Relative)));
        return [.. now.RootElement.GetProperty("gates").EnumerateArray().Select(g => g.GetProperty("state").GetString()!)];
    }

    /// <summary>What <c>mediarelay session show</c> prints, run beside the demo.</summary>
    public string Story(string session) =>
        LoopbackNamespace.Run("ip", "netns", "exec", Host, "dotnet", Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), "session", "show", session);

    public async ValueTask DisposeAsync()
    {
        foreach (StageViewer viewer in _viewers)
            await viewer.DisposeAsync();
        Demo?.Dispose();
        LoopbackNamespace.Run("ip", "netns", "delete", Host);
    }

    private static void Shell(string script) => LoopbackNamespace.Run("sh", "-c", script);
}
