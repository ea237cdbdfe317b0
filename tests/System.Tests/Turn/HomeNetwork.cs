using System.Diagnostics;
using System.Globalization;

namespace MediaRelay.System.Tests.Turn;

/// <summary>
/// A small Internet in namespaces: a client behind a masquerading router, a relay host with two IPv4 addresses and one IPv6 address,
/// and a peer. The relay's address is public, so its default peer policy is in force.
/// <code>client 192.168.77.2 - router 11.10.0.5 - bridge - relay 11.10.0.1, .2 | peer 11.10.0.9</code>
/// </summary>
internal sealed class HomeNetwork : IDisposable
{
    public const string RelayAddress = "11.10.0.1";
    public const string SecondAddress = "11.10.0.2";
    public const string RelayV6 = "2a0d:1::1";
    public const string PeerAddress = "11.10.0.9";
    public const string PeerV6 = "2a0d:1::9";
    public const string PeerPrivate = "192.168.99.9";

    private static int _count;

    public HomeNetwork()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"mt{Environment.ProcessId % 100_000}{(char)('a' + (Interlocked.Increment(ref _count) % 26))}");
        (Client, Router, Relay, Peer, Bridge) = (name + "c", name + "n", name + "s", name + "e", name + "w");
        Shell($$"""
            set -e
            for x in {{Client}} {{Router}} {{Relay}} {{Peer}} {{Bridge}}; do ip netns add $x; ip -n $x link set lo up; done
            ip -n {{Bridge}} link add br0 type bridge
            ip -n {{Bridge}} link set br0 up
            for x in {{Relay}} {{Router}} {{Peer}}; do
              ip -n {{Bridge}} link add p-${x#{{name}}} type veth peer name eth0 netns $x
              ip -n {{Bridge}} link set p-${x#{{name}}} master br0 up
              ip -n $x link set eth0 up
            done
            ip -n {{Relay}} addr add {{RelayAddress}}/24 dev eth0
            ip -n {{Relay}} addr add {{SecondAddress}}/24 dev eth0
            ip -n {{Relay}} -6 addr add {{RelayV6}}/64 dev eth0 nodad
            ip -n {{Relay}} route add {{PeerPrivate}}/32 via {{PeerAddress}}
            ip -n {{Peer}} addr add {{PeerAddress}}/24 dev eth0
            ip -n {{Peer}} addr add {{PeerPrivate}}/32 dev lo
            ip -n {{Peer}} -6 addr add {{PeerV6}}/64 dev eth0 nodad
            ip -n {{Router}} addr add 11.10.0.5/24 dev eth0
            ip -n {{Router}} -6 addr add 2a0d:1::5/64 dev eth0 nodad
            ip -n {{Router}} link add lan type veth peer name eth0 netns {{Client}}
            ip -n {{Router}} addr add 192.168.77.1/24 dev lan
            ip -n {{Router}} -6 addr add 2a0d:2::1/64 dev lan nodad
            ip -n {{Router}} link set lan up
            ip -n {{Client}} addr add 192.168.77.2/24 dev eth0
            ip -n {{Client}} -6 addr add 2a0d:2::2/64 dev eth0 nodad
            ip -n {{Client}} link set eth0 up
            ip -n {{Client}} route add default via 192.168.77.1
            ip -n {{Client}} -6 route add default via 2a0d:2::1
            for x in {{Relay}} {{Peer}}; do ip -n $x -6 route add 2a0d:2::/64 via 2a0d:1::5; done
            ip netns exec {{Router}} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            printf 'table ip nat {\n chain post {\n type nat hook postrouting priority 100\n oifname "eth0" masquerade\n }\n}\n' | ip netns exec {{Router}} nft -f -
            """);
    }

    public string Client { get; }

    public string Router { get; }

    public string Relay { get; }

    public string Peer { get; }

    public string Bridge { get; }

    public void Dispose() => Shell($"for x in {Client} {Router} {Relay} {Peer} {Bridge}; do ip netns del $x; done");

    /// <summary>Runs a program inside a namespace to its end, at most the given time; gives its whole output.</summary>
    public static (int ExitCode, string Output) Run(string space, TimeSpan limit, string command, params string[] environment)
    {
        var start = new ProcessStartInfo("ip") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["netns", "exec", space, "timeout", ((int)Math.Ceiling(limit.TotalSeconds)).ToString(CultureInfo.InvariantCulture), "sh", "-c", command + " 2>&1"])
            start.ArgumentList.Add(argument);
        foreach (var pair in environment)
            start.Environment[pair.Split('=')[0]] = pair.Split('=')[1];
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }

    internal static void Shell(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"The network could not be set up: {errors}");
    }
}
