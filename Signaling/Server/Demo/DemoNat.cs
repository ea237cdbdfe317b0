using System.Diagnostics;
using System.Globalization;

namespace MediaRelay.Server.Demo;

/// <summary>
/// The home in a network namespace of its own behind a router that translates addresses; made for one run and removed with it.
/// <code>this machine HOST/30 - wan ROUTER lan 192.168.77.1 - 192.168.77.2 home</code>
/// What a killed run left behind is removed by the next one.
/// </summary>
internal sealed class DemoNat : IDisposable
{
    /// <summary>The home's address behind the router.</summary>
    public const string HomeAddress = "192.168.77.2";

    private const string Prefix = "mediarelay-demo-";
    private readonly string _router;

    private DemoNat(DemoNatKind kind, int block)
    {
        Kind = kind;
        (HostAddress, PublicAddress) = ($"198.18.{block}.1", $"198.18.{block}.2");
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}");
        (_router, Home) = ($"{name}-router", $"{name}-home");
    }

    public DemoNatKind Kind { get; }

    /// <summary>This machine's address on the link to the router.</summary>
    public string HostAddress { get; }

    /// <summary>The router's public address.</summary>
    public string PublicAddress { get; }

    /// <summary>Name of the home's namespace.</summary>
    public string Home { get; }

    /// <summary>Both ends of the link between this machine and the router.</summary>
    public string Link => HostAddress[..^1] + "0/30";

    /// <summary>Why this machine cannot do it, as a sentence; null when it can.</summary>
    public static string? Obstacle()
    {
        if (!Environment.IsPrivilegedProcess)
            return "--nat makes network namespaces, which only root may. Run 'sudo ./run.sh --nat', or leave --nat out.";
        foreach (var (program, package) in ((string, string)[])[("ip", "iproute2"), ("nft", "nftables")])
        {
            if (!Exists(program))
                return $"--nat needs the program '{program}', which is not installed. Install the package {package}, or leave --nat out.";
        }

        return null;
    }

    /// <summary>Makes router and home. Throws <see cref="InvalidOperationException"/> with a sentence when the kernel refuses.</summary>
    public static DemoNat Create(DemoNatKind kind)
    {
        RemoveLeftovers();
        var nat = new DemoNat(kind, FreeBlock());
        try
        {
            nat.Build();
            return nat;
        }
        catch
        {
            nat.Dispose();
            throw;
        }
    }

    /// <summary>Keeps the home from this machine's own addresses but for the relay: a viewer here has no NAT and would be reached directly.</summary>
    /// <param name="address">Address that the relay listens on.</param>
    /// <param name="relay">The relay's port.</param>
    /// <param name="relayed">First and last port that it relays on.</param>
    public void OnlyTheRelay(string address, int relay, string relayed)
    {
        string[] own = [.. ((string[])[address, HostAddress]).Distinct()];
        Load(string.Create(CultureInfo.InvariantCulture, $"iifname \"lan\" ip daddr {{ {string.Join(", ", own)} }} udp dport != {{ {relay}, {relayed} }} drop"));
    }

    /// <summary>Removes both namespaces, and with them the link.</summary>
    public void Dispose()
    {
        foreach (string space in (string[])[Home, _router])
            Try("ip", "netns", "delete", space);
    }

    /// <summary>Removes namespaces of runs whose process is gone.</summary>
    internal static void RemoveLeftovers()
    {
        if (!Directory.Exists("/run/netns"))
            return;
        foreach (string path in Directory.EnumerateFileSystemEntries("/run/netns", Prefix + "*"))
        {
            string name = Path.GetFileName(path), number = name[Prefix.Length..].Split('-')[0];
            if (!Directory.Exists($"/proc/{number}"))
                Try("ip", "netns", "delete", name);
        }
    }

    private void Build()
    {
        string host = string.Create(CultureInfo.InvariantCulture, $"mrd{Environment.ProcessId}");
        string[][] commands =
        [
            ["netns", "add", _router], ["netns", "add", Home],
            ["link", "add", host, "type", "veth", "peer", "name", "wan", "netns", _router],
            ["addr", "add", HostAddress + "/30", "dev", host], ["link", "set", host, "up"],
            ["-n", _router, "link", "set", "lo", "up"], ["-n", _router, "addr", "add", PublicAddress + "/30", "dev", "wan"], ["-n", _router, "link", "set", "wan", "up"],
            ["-n", _router, "route", "add", "default", "via", HostAddress],
            ["-n", _router, "link", "add", "lan", "type", "veth", "peer", "name", "eth0", "netns", Home],
            ["-n", _router, "addr", "add", "192.168.77.1/24", "dev", "lan"], ["-n", _router, "link", "set", "lan", "up"],
            ["-n", Home, "link", "set", "lo", "up"], ["-n", Home, "addr", "add", HomeAddress + "/24", "dev", "eth0"], ["-n", Home, "link", "set", "eth0", "up"],
            ["-n", Home, "route", "add", "default", "via", "192.168.77.1"],
            ["netns", "exec", _router, "sysctl", "-qw", "net.ipv4.ip_forward=1"],
        ];
        foreach (string[] command in commands)
            Run(null, "ip", command);
        Load("");
    }

    private void Load(string extra) => Run("flush ruleset\n" + DemoNatRules.Of(Kind, HomeAddress, extra), "ip", "netns", "exec", _router, "nft", "-f", "-");

    /// <summary>A third byte of 198.18.0.0/16 (RFC 2544, never routed) that no device of this machine uses.</summary>
    private static int FreeBlock()
    {
        HashSet<int> used =
        [
            .. System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)
                .Select(a => a.Address.GetAddressBytes()).Where(b => b is [198, 18, ..]).Select(b => (int)b[2]),
        ];
        return Enumerable.Range(0, 256).First(block => !used.Contains(block));
    }

    private static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    private static void Try(params string[] command)
    {
        try
        {
            Run(null, command[0], command[1..]);
        }
        catch (InvalidOperationException)
        {
            // What is not there need not be removed.
        }
    }

    private static void Run(string? input, string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        _ = output.Result;
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"The home's network could not be made: '{program} {string.Join(' ', arguments)}' said: {errors.Trim()}");
    }
}
