using BenchmarkDotNet.Attributes;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Bench.Media;

/// <summary>An access unit of 30 kB (a frame at 7 Mbit/s) cut into 1200-byte payloads; the figure is for one frame of 26 packets.</summary>
[MemoryDiagnoser]
public class H264Bench
{
    private readonly byte[] _unit = [0, 0, 0, 1, 0x65, .. Enumerable.Range(1, 30_000).Select(i => (byte)(i | 1))];
    private readonly byte[] _payload = new byte[1500];

    [Benchmark(OperationsPerInvoke = 26)]
    public int Packetize()
    {
        var packets = 0;
        var packetizer = new H264Packetizer(_unit, 1200);
        while (packetizer.TryNext(_payload, out _, out _)) packets++;
        return packets;
    }
}
