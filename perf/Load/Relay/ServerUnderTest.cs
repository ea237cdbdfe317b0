using System.Diagnostics;
using System.Globalization;

namespace MediaRelay.Load.Relay;

/// <summary>A TURN server started in the server namespace, pinned to one core; ends with <see cref="Dispose"/>.</summary>
internal sealed class ServerUnderTest : IDisposable
{
    public const string User = "load";
    public const string Password = "a-password-for-load";
    public const string Realm = "load.example";
    public const int Port = 3478;

    private readonly Process _process;

    private ServerUnderTest(string name, Process process, RelayNetwork network)
    {
        Name = name;
        _process = process;
        Cpu = new CpuAccount(process.Id, network.ServerReceiveThreads);
    }

    public string Name { get; }

    public CpuAccount Cpu { get; }

    public int ProcessId => _process.Id;

    /// <summary>Debian's coturn: one relay thread for one core, no log, no web or command-line interface, long-term credentials.</summary>
    public static ServerUnderTest StartCoturn(RelayNetwork network, int core, bool realTime) => Start("coturn", network, core, realTime, "turnserver",
        $"-n --listening-ip={RelayNetwork.ServerAddress} --relay-ip={RelayNetwork.RelayAddress} --listening-port={Port} --relay-threads=1 " +
        $"--lt-cred-mech --user={User}:{Password} --realm={Realm} --no-tls --no-dtls --no-cli --no-tcp --no-tcp-relay --log-file=/dev/null --no-stdout-log " +
        "--min-port=10000 --max-port=65000 --no-software-attribute --no-rfc5780 --no-stun-backward-compatibility --pidfile=/dev/null --userdb=/dev/null");

    /// <summary>Our relay with one worker.</summary>
    public static ServerUnderTest StartOurs(RelayNetwork network, int core, bool realTime, string program, string more) => Start("MediaRelay", network, core, realTime,
        program.EndsWith(".dll", StringComparison.Ordinal) ? $"dotnet {program}" : program,
        $"turn --listen {RelayNetwork.ServerAddress}:{Port} --relay-address {RelayNetwork.RelayAddress} --ports 10000-65000 --realm {Realm} --user {User}:{Password} --workers 1 --user-quota 0 --max-bps 0 {more}");

    /// <summary>Resident bytes of the process that it owns itself (RssAnon).</summary>
    public long ResidentBytes() => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("RssAnon", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1024;

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static ServerUnderTest Start(string name, RelayNetwork network, int core, bool realTime, string program, string arguments)
    {
        // ip netns exec and taskset replace themselves, so the process id is the server's.
        var start = new ProcessStartInfo("ip", $"netns exec {network.Server} nice -n -15 {(realTime ? "chrt -f 2 " : "")}taskset -c {core} {program} {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_gcServer"] = "0";
        var process = Process.Start(start)!;
        var last = "";
        process.OutputDataReceived += (_, line) => last = line.Data ?? last;
        process.ErrorDataReceived += (_, line) => last = line.Data ?? last;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var server = new ServerUnderTest(name, process, network);
        if (!NetworkNamespace.Run(network.Client, () => LoadAllocation.WaitUntilAnswering(() => !process.HasExited)))
        {
            server.Dispose();
            throw new InvalidOperationException($"{name} did not answer within 20 s. Its last line: {last}");
        }

        return server;
    }
}
