using System.Buffers.Binary;
using System.Net;
using MediaRelay.Media.Broker;
using MediaRelay.Media.Congestion;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Tests.Rtp;
using MediaRelay.Tests.Support.Network;

namespace MediaRelay.Media.Tests.Congestion;

/// <summary>
/// A camera of 15 frames a second with a key frame each second, one viewer of it, a path with a rate and loss, and a peer that gives
/// transport-wide feedback every 100 ms; in virtual time. The smaller picture has a fifth of the rate.
/// </summary>
internal sealed class PathScene
{
    private const int PacketBytes = 1100;
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(66);

    private readonly VirtualNetwork _network;
    private readonly VirtualHost _sender;
    private readonly VirtualSocket _out;
    private readonly VirtualSocket _in;
    private readonly TransportWideReceiver _arrivals = new();
    private readonly CameraFeed _full = new(FeedFormat.H264, 90000, FeedLimits.Video);
    private readonly CameraFeed _small = new(FeedFormat.H264, 90000, FeedLimits.Video);
    private readonly Viewer _viewer;
    private readonly SendPacer _pacer;
    private readonly byte[] _packet = new byte[1500];
    private readonly byte[] _feedback = new byte[1100];
    private readonly int _packetsPerFrame;
    private ushort _fullSequence, _smallSequence;
    private int _frame, _smallFrame;
    private bool _pumpPlanned;
    private readonly TimeSpan _startOfSmall;
    private TimeSpan? _smallWanted;

    private readonly bool _asksAgain;
    private readonly Dictionary<ushort, int> _missing = [];
    private readonly List<FeedCommand> _commands = [];
    private ushort? _newest;

    public PathScene(long cameraRate, LinkConditions path, int seed = 1, bool canReduce = false, double startOfSmall = 0, bool asksAgain = false)
    {
        _asksAgain = asksAgain;
        _pacer = new SendPacer(Estimator);
        _packetsPerFrame = (int)Math.Max(1, cameraRate / 15 / 8 / PacketBytes);
        CanReduce = canReduce;
        _startOfSmall = TimeSpan.FromSeconds(startOfSmall);
        _network = new VirtualNetwork(seed);
        _sender = _network.AddHost("camera", null, "20.0.1.1");
        var peer = _network.AddHost("viewer", null, "20.0.2.1");
        _sender.Link = path;
        _out = _sender.Open(IPAddress.Parse("20.0.1.1"));
        _in = peer.Open(IPAddress.Parse("20.0.2.1"));
        _viewer = new Viewer(_full, new ViewerStream(7, 96, 1, 1) { TransportSequenceId = 3, RtxSsrc = asksAgain ? 9u : null, RtxPayloadType = 97 });
        _in.Received = Arrive;
        _out.Received = datagram => Estimator.HandleTransportFeedback(datagram.Payload.Span, _network.Now);
        Tick();
        Govern();
        Report();
    }

    public BandwidthEstimator Estimator { get; } = new();

    public QualityGovernor Governor { get; } = new();

    public bool CanReduce { get; }

    /// <summary>Every quality that was taken up, with its time.</summary>
    public List<(double At, ViewerQuality Quality)> Changes { get; } = [];

    public List<(TimeSpan At, int Bytes)> Arrived { get; } = [];

    /// <summary>Sequence numbers that arrived at the viewer, in order of arrival.</summary>
    public List<ushort> Sequences { get; } = [];

    public long Skipped => _viewer.Counters.PacketsSkipped;

    public LinkConditions Path
    {
        set => _sender.Link = value;
    }

    public TimeSpan LongestDelay { get; private set; }

    /// <summary>Longest time in which nothing arrived at the viewer.</summary>
    public TimeSpan LongestSilence { get; private set; }

    public void RunFor(double seconds) => _network.RunFor(TimeSpan.FromSeconds(seconds));

    public double Rate(double from, double to) =>
        Arrived.Where(a => a.At.TotalSeconds >= from && a.At.TotalSeconds < to).Sum(a => a.Bytes) * 8 / (to - from);

    private void Tick()
    {
        var key = _frame % 15 == 0;
        Publish(_full, ref _fullSequence, key ? _packetsPerFrame * 3 : _packetsPerFrame, key);
        // A child process takes that long to begin after it was first asked for.
        if (_startOfSmall == default || _network.Now - _smallWanted >= _startOfSmall)
        {
            var smallKey = _smallFrame++ % 15 == 0;
            Publish(_small, ref _smallSequence, smallKey ? Math.Max(1, _packetsPerFrame * 3 / 5) : Math.Max(1, _packetsPerFrame / 5), smallKey);
        }
        _frame++;
        Pump();
        _network.Schedule(_network.Now + FrameTime, Tick);
    }

    private void Publish(CameraFeed feed, ref ushort sequence, int count, bool key)
    {
        for (var part = 0; part < count; part++)
        {
            var payload = new byte[PacketBytes - 12];
            payload[0] = 0x7C;
            payload[1] = (byte)((part == 0 ? 0x80 : 0) | (part == count - 1 ? 0x40 : 0) | (key ? 5 : 1));
            feed.Publish(StreamTests.Packet(sequence++, (uint)(_frame * 6000), 77, payload, marker: part == count - 1), _network.Now);
        }
    }

    private void Pump()
    {
        PacedPacket next;
        while ((next = _viewer.TryNextPaced(_pacer, _packet, _network.Now, out var length)) is PacedPacket.New or PacedPacket.Again) SendPacket(length);
        if (next == PacedPacket.None) return;
        if (!_pumpPlanned) _network.Schedule(_pacer.NextAt(), () =>
        {
            _pumpPlanned = false;
            Pump();
        });
        _pumpPlanned = true;
    }

    private void Arrive(VirtualDatagram datagram)
    {
        var packet = StreamTests.View(datagram.Payload.ToArray());
        Assert.True(packet.TryGetExtension(3, out var number));
        _arrivals.Handle(BinaryPrimitives.ReadUInt16BigEndian(number), _network.Now);
        if (Arrived.Count > 0 && _network.Now - Arrived[^1].At > LongestSilence) LongestSilence = _network.Now - Arrived[^1].At;
        Arrived.Add((_network.Now, datagram.Payload.Length + 28));
        if (packet.Ssrc == 9)
        {
            _missing.Remove(BinaryPrimitives.ReadUInt16BigEndian(packet.Payload));
            return;
        }
        Sequences.Add(packet.SequenceNumber);
        NoteMissing(packet.SequenceNumber);
        var delay = _network.Now - TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(datagram.Payload.Span[(datagram.Payload.Length - 8)..]));
        if (delay > LongestDelay) LongestDelay = delay;
    }

    private void NoteMissing(ushort sequence)
    {
        _missing.Remove(sequence);
        for (var missed = (ushort)((_newest ?? sequence) + 1); _newest is { } newest && SequenceNumber.IsNewer(sequence, newest) && missed != sequence; missed++) _missing[missed] = 0;
        if (_newest is not { } last || SequenceNumber.IsNewer(sequence, last)) _newest = sequence;
    }

    // As a browser does: each lost packet is asked for up to ten times.
    private void AskAgain()
    {
        foreach (var sequence in _missing.Keys.Order().Take(200).ToArray())
        {
            if (++_missing[sequence] > 10)
            {
                _missing.Remove(sequence);
                continue;
            }
            var buffer = new byte[100];
            var writer = new RtcpWriter(buffer);
            ushort[] lost = [sequence];
            Assert.True(writer.TryAddReceiverReport(1) && writer.TryAddNack(1, 7, lost));
            Assert.True(RtcpReader.TryRead(buffer.AsSpan(0, writer.Length), out var report));
            foreach (var packet in report) _viewer.HandleRtcp(packet, _network.Now, _commands);
        }
        Pump();
    }

    private void SendPacket(int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(ViewerStream.TransportSequenceOffset), Estimator.HandleSent(length, _network.Now));
        _pacer.HandleSent(length);
        // The time of sending rides along, for the test alone.
        BinaryPrimitives.WriteInt64BigEndian(_packet.AsSpan(length - 8), _network.Now.Ticks);
        _out.Send(_in.Address, _packet.AsSpan(0, length).ToArray());
    }

    private void Report()
    {
        if (_asksAgain) AskAgain();
        var length = _arrivals.Write(_feedback);
        if (length > 0) _in.Send(_out.Address, _feedback.AsSpan(0, length).ToArray());
        _network.Schedule(_network.Now + TimeSpan.FromMilliseconds(100), Report);
    }

    private void Govern()
    {
        var now = _network.Now;
        var feed = Governor.Quality == ViewerQuality.Reduced ? _small : _full;
        if (Governor.Handle(Estimator, feed.Rate.BitsPerSecond(now), CanReduce, now))
        {
            Changes.Add((now.TotalSeconds, Governor.Quality));
            if (Governor.Quality == ViewerQuality.Reduced) _smallWanted ??= now;
            _viewer.Switch(Governor.Quality == ViewerQuality.Reduced ? _small : _full);
            _viewer.KeyFramesOnly = Governor.Quality == ViewerQuality.KeyFrames;
        }
        _network.Schedule(now + TimeSpan.FromMilliseconds(200), Govern);
    }
}
