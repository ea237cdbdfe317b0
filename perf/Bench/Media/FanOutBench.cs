using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using MediaRelay.Media.Broker;

namespace MediaRelay.Bench.Media;

/// <summary>One camera packet to N viewers without encryption; the figure is for all viewers together.</summary>
[MemoryDiagnoser]
public class FanOutBench
{
    private readonly byte[] _packet = new byte[1200];
    private readonly byte[] _buffer = new byte[1500];
    private readonly CameraFeed _feed = new(FeedFormat.H264, 90000, FeedLimits.Video);
    private Viewer[] _viewers = [];
    private ushort _sequence;

    [Params(1, 10, 50)]
    public int Viewers { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        (_packet[0], _packet[1], _packet[12]) = (0x80, 96, 0x65);
        _viewers = [.. Enumerable.Range(0, Viewers).Select(i => new Viewer(_feed, new ViewerStream((uint)i, 102, 1, 1)))];
    }

    [Benchmark]
    public int Forward()
    {
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(2), ++_sequence);
        _feed.Publish(_packet, TimeSpan.Zero);
        var bytes = 0;
        foreach (var viewer in _viewers)
            while (viewer.TryNext(_buffer, TimeSpan.Zero, out var length)) bytes += length;
        return bytes;
    }
}
