using System.Globalization;

namespace MediaRelay.Load.Relay;

/// <summary>
/// Minutes at half of what the server can do, both ways at once: no sequence number may be missing or out of order, no payload
/// damaged, and the server's memory must stay flat. Prints a line every tenth of the time.
/// </summary>
internal sealed class RelaySoak(LoadOptions options, RelayNetwork network, ServerUnderTest server, Action<string> progress)
{
    private const int Bytes = 160;

    /// <summary>Growth from the first sample to the last that still counts as flat.</summary>
    private const long FlatBytes = 4 << 20;

    /// <summary>True when nothing was lost, damaged or disordered and the memory stayed flat.</summary>
    public bool Run() => NetworkNamespace.Run(network.Client, RunHere);

    private bool RunHere()
    {
        var allocations = RelayRound.Connect(options.Allocations);
        using var generator = new MediaGenerator(allocations, RelayRound.OpenPeer(network));
        _ = generator.RunClosed(Direction.Up, Bytes, 1, options.Window, TimeSpan.FromSeconds(2));
        _ = generator.RunClosed(Direction.Down, Bytes, 1, options.Window, TimeSpan.FromSeconds(2));
        var most = generator.RunClosed(Direction.Up, Bytes, 1, options.Window, TimeSpan.FromSeconds(3)).Rate;
        var stepsPerSecond = most / 4;
        progress(string.Create(CultureInfo.InvariantCulture, $"{server.Name}: {most:N0} packets/s at most; soak with {most / 2:N0} packets/s ({Bytes} B, {options.Allocations} allocations, both ways) for {options.Soak}."));

        // Each report also asks for the channels again; over more than forty minutes the permissions would end in between.
        var samples = new List<long>();
        var drops = network.Drops();
        var result = generator.RunSoak(Bytes, stepsPerSecond, options.Window, options.Soak, options.Soak / 10, (elapsed, sent, received) =>
        {
            allocations.ForEach(allocation => allocation.BeginBindChannel(RelayRound.Peer));
            samples.Add(server.ResidentBytes());
            progress(string.Create(CultureInfo.InvariantCulture,
                $"  {elapsed:mm\\:ss} sent {sent:N0}, under way or lost {sent - received}, resident {samples[^1] / 1024:N0} KiB, kernel slab {KernelMemory.Read() / 1024:N0} KiB"));
        });
        var growth = samples.Count == 0 ? 0 : samples[^1] - samples[0];
        progress(string.Create(CultureInfo.InvariantCulture,
            $"{server.Name}: {result.Rate:N0} packets/s, lost {result.Lost}, disordered {result.Disordered}, damaged {result.Damaged}, resident memory grew by {growth / 1024:N0} KiB, generator {result.GeneratorShare:P0} busy."));
        progress($"  drops: {network.Drops() - drops}");
        return result is { Lost: 0, Disordered: 0, Damaged: 0 } && growth <= FlatBytes;
    }
}
