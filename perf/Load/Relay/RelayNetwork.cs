using System.Diagnostics;
using System.Globalization;

namespace MediaRelay.Load.Relay;

/// <summary>
/// Three namespaces, client - server - peer, joined by two veth pairs. All four devices receive in kernel threads of their own
/// (threaded NAPI), so the receive work of the server's devices has its own CPU account. Trains are cut into single packets before
/// they cross a link, as on a wire.
/// </summary>
internal sealed class RelayNetwork : IDisposable
{
    public const string ClientAddress = "11.1.0.2";
    public const string StormNetwork = "11.3";
    public const string ServerAddress = "11.1.0.1";
    public const string RelayAddress = "11.2.0.1";
    public const string PeerAddress = "11.2.0.2";

    private readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"mr{Environment.ProcessId % 100_000}");

    public RelayNetwork(int serverCore, int generatorCore, bool realTime)
    {
        Client = _prefix + "c";
        Server = _prefix + "s";
        Peer = _prefix + "p";
        try
        {
            Build();
            ServerReceiveThreads = [Thread("s0", serverCore, realTime), Thread("s1", serverCore, realTime)];
            _ = Thread("c0", generatorCore, realTime);
            _ = Thread("p0", generatorCore, realTime);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Client { get; }

    public string Server { get; }

    public string Peer { get; }

    /// <summary>Process ids of the kernel threads that receive for the server's two devices.</summary>
    public IReadOnlyList<int> ServerReceiveThreads { get; }

    /// <summary>Datagrams dropped so far in each namespace, by its devices and by its sockets.</summary>
    public DropCounts Drops() => new(
        NetworkNamespace.Run(Client, DropCounts.ReadHere),
        NetworkNamespace.Run(Server, DropCounts.ReadHere),
        NetworkNamespace.Run(Peer, DropCounts.ReadHere));

    public void Dispose()
    {
        foreach (var name in (string[])[Client, Server, Peer])
            _ = TryRun("ip", $"netns del {name}", out _);
    }

    public static void Run(string program, string arguments)
    {
        if (!TryRun(program, arguments, out var output))
            throw new InvalidOperationException($"{program} {arguments}: {output}");
    }

    private void Build()
    {
        foreach (var name in (string[])[Client, Server, Peer])
        {
            Run("ip", $"netns add {name}");
            Run("ip", $"-n {name} link set lo up");
            Run("ip", $"netns exec {name} sysctl -qw net.ipv4.ip_local_port_range=\"1024 65535\" net.ipv4.udp_rmem_min=8192");
        }

        Link(Client, "c0", ClientAddress, Server, "s0", ServerAddress);
        Link(Server, "s1", RelayAddress, Peer, "p0", PeerAddress);

        // Storms come from many homes: the whole network is local to the client's namespace.
        Run("ip", $"-n {Client} route add local {StormNetwork}.0.0/16 dev lo");
        Run("ip", $"-n {Server} route add {StormNetwork}.0.0/16 via {ClientAddress}");
    }

    private static bool TryRun(string program, string arguments, out string output)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        output = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static void Link(string leftSpace, string left, string leftAddress, string rightSpace, string right, string rightAddress)
    {
        Run("ip", $"-n {leftSpace} link add {left} type veth peer name {right} netns {rightSpace}");
        foreach (var (space, device, address) in ((string, string, string)[])[(leftSpace, left, leftAddress), (rightSpace, right, rightAddress)])
        {
            Run("ip", $"-n {space} addr add {address}/24 dev {device}");
            Run("ip", $"-n {space} link set {device} up");
            Run("ip", $"netns exec {space} ethtool -K {device} gro on tso off tx-udp-segmentation off");
            Run("ip", $"netns exec {space} sh -c \"echo 1 > /sys/class/net/{device}/threaded\"");
        }
    }

    private static int Thread(string device, int core, bool realTime)
    {
        // The newest thread of that name is ours: device names repeat over namespaces, ids do not.
        var id = Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path))
            .Where(name => int.TryParse(name, out _))
            .Where(name => File.Exists($"/proc/{name}/comm") && ReadName(name).StartsWith($"napi/{device}-", StringComparison.Ordinal))
            .Select(name => int.Parse(name, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        if (id == 0)
            throw new InvalidOperationException($"Device {device} has no receive thread; this kernel lacks threaded NAPI for veth.");
        Run("taskset", $"-p -c {core} {id}");
        Run("renice", $"-n -15 -p {id}");
        if (realTime)
            Run("chrt", $"-f -p 3 {id}");
        return id;
    }

    private static string ReadName(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
