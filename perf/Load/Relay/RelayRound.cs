using System.Globalization;
using System.Net.Sockets;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Load.Relay;

/// <summary>One server's part of a round: starts it, runs every row against it, ends it.</summary>
internal sealed class RelayRound(LoadOptions options, RelayNetwork network, ServerUnderTest server, Measurements results, Action<string> progress)
{
    /// <summary>End of the rows that tell how busy the generator was.</summary>
    public const string GeneratorBusy = ", generator busy %";

    private const int AudioBytes = 160;
    private const int VideoBytes = 1200;
    private const int WarmStep = 1000;
    public static readonly TransportAddress Peer = TransportAddress.Parse(RelayNetwork.PeerAddress + ":40000");

    public void Run()
    {
        if (options.Rows.Count == 0 || options.Rows.Any(row => row != "storm"))
            NetworkNamespace.Run(network.Client, RunMedia);
        if (options.Runs("storm"))
            NetworkNamespace.Run(network.Client, RunStorm);
    }

    private bool RunMedia()
    {
        var peerSocket = OpenPeer(network);
        var allocations = Connect(options.Allocations);
        using var generator = new MediaGenerator(allocations, peerSocket);
        _ = generator.RunClosed(Direction.Up, AudioBytes, 1, options.Window, TimeSpan.FromSeconds(1.5));
        _ = generator.RunClosed(Direction.Down, AudioBytes, 1, options.Window, TimeSpan.FromSeconds(1));
        foreach (var direction in (Direction[])[Direction.Up, Direction.Down])
        {
            if (options.Runs("media") || options.Runs($"audio-{Name(direction)}"))
                Media(generator, direction, AudioBytes, 1, "160 B interleaved");
            if (options.Runs("media") || options.Runs($"video-{Name(direction)}"))
                Media(generator, direction, VideoBytes, 8, "1200 B x 8");
        }

        if (options.Runs("latency"))
            Latency(generator);
        if (options.Runs("burst"))
        {
            foreach (var direction in (Direction[])[Direction.Up, Direction.Down])
            {
                var drops = network.Drops();
                var result = generator.RunKeyFrames(direction, VideoBytes, 200, 40);
                progress($"  {server.Name,-10} key frames {Name(direction),-5} lost {result.Lost} of {result.Sent}: {network.Drops() - drops}");
                results.Add($"key-frame bursts 200 x 1200 B {Name(direction)}, lost %", 100.0 * result.Lost / result.Sent);
            }
        }

        DatagramSocket.Close(peerSocket);
        return true;
    }

    private void Media(MediaGenerator generator, Direction direction, int size, int burst, string name)
    {
        // Not measured: the first half second of a pattern, in which either server may still warm up.
        _ = generator.RunClosed(direction, size, burst, options.Window, TimeSpan.FromSeconds(0.5));
        var before = server.Cpu.Read();
        var result = generator.RunClosed(direction, size, burst, options.Window, options.Duration);
        var used = server.Cpu.Read() - before;
        var row = $"{name} {Name(direction)}";
        results.Add($"{row}, packets/s", result.Rate);
        results.Add($"{row}, CPU us per packet", used.Total / 1e3 / Math.Max(1, result.Received));
        results.Add($"{row}, of it in the process", used.Server / 1e3 / Math.Max(1, result.Received));
        results.Add($"{row}, lost %", 100.0 * result.Lost / Math.Max(1, result.Sent));
        if (result.Damaged > 0)
            throw new InvalidOperationException($"{server.Name}: {result.Damaged} payloads were damaged in '{row}'.");
        var busy = used.Total / 1e9 / result.Elapsed.TotalSeconds;
        progress(string.Create(CultureInfo.InvariantCulture,
            $"  {server.Name,-10} {row,-24} {result.Rate,9:N0}/s {used.Total / 1e3 / Math.Max(1, result.Received),6:F2} us ({used.Server / 1e3 / Math.Max(1, result.Received):F2} process), lost {result.Lost}, server {busy:P0}, generator {result.GeneratorShare:P0}"));
        results.Add(row + GeneratorBusy, 100 * result.GeneratorShare);
    }

    private void Latency(MediaGenerator generator)
    {
        const int PerSecond = 20_000;
        foreach (var direction in (Direction[])[Direction.Up, Direction.Down])
        {
            var result = generator.RunOpen(direction, AudioBytes, PerSecond, options.Duration);
            results.Add($"one-way at 20,000/s {Name(direction)}, p50 us", result.Percentile(0.50));
            results.Add($"one-way at 20,000/s {Name(direction)}, p99 us", result.Percentile(0.99));
            progress(string.Create(CultureInfo.InvariantCulture,
                $"  {server.Name,-10} one-way {Name(direction),-5} p50 {result.Percentile(0.5):F0} us p99 {result.Percentile(0.99):F0} us, {result.Rate:N0}/s, lost {result.Lost}"));
        }
    }

    private bool RunStorm()
    {
        // Small storms warm code paths and tables of either server; what they allocated is freed again.
        for (var made = 0; made < options.Warm; made += WarmStep)
        {
            var warm = LoadAllocation.CreateMany(WarmStep);
            LoadAllocation.RefreshMany(warm, 600);
            LoadAllocation.RefreshMany(warm, 0);
            warm.ForEach(allocation => allocation.Dispose());
        }

        var residentBefore = server.ResidentBytes();
        var kernelBefore = KernelMemory.Read();
        var before = server.Cpu.Read();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var storm = LoadAllocation.CreateMany(options.Storm);
        var elapsed = clock.Elapsed;
        var used = server.Cpu.Read() - before;
        results.Add("allocations/s (64 clients at a time)", options.Storm / elapsed.TotalSeconds);
        results.Add("CPU us per allocation (401 + Allocate)", used.Total / 1e3 / options.Storm);

        before = server.Cpu.Read();
        LoadAllocation.RefreshMany(storm, 600);
        used = server.Cpu.Read() - before;
        results.Add("CPU us per Refresh", used.Total / 1e3 / options.Storm);

        foreach (var allocation in storm)
            allocation.BindChannel(Peer);
        results.Add("resident bytes per allocation", (server.ResidentBytes() - residentBefore) / (double)options.Storm);
        results.Add("kernel bytes per allocation, client's socket included", (KernelMemory.Read() - kernelBefore) / (double)options.Storm);
        progress(string.Create(CultureInfo.InvariantCulture,
            $"  {server.Name,-10} storm {results.Median("CPU us per allocation (401 + Allocate)"):F1} us per allocation, {results.Median("CPU us per Refresh"):F1} us per Refresh, {results.Median("resident bytes per allocation"):F0} B resident"));
        storm.ForEach(allocation => allocation.Dispose());
        return true;
    }

    /// <summary>Allocations with a channel to the peer, made in the client's namespace.</summary>
    public static List<LoadAllocation> Connect(int count)
    {
        var allocations = new List<LoadAllocation>();
        for (var i = 0; i < count; i++)
        {
            var allocation = LoadAllocation.Create();
            allocation.BindChannel(Peer);
            allocations.Add(allocation);
        }

        return allocations;
    }

    public static int OpenPeer(RelayNetwork network) => NetworkNamespace.Run(network.Peer, static () =>
    {
        var socket = DatagramSocket.TryOpen(Peer, new DatagramSocketOptions { ReceiveBuffer = 8 << 20, SendBuffer = 8 << 20 });
        return socket >= 0 ? socket : throw new SocketException(-socket);
    });

    private static string Name(Direction direction) => direction == Direction.Up ? "up" : "down";
}
