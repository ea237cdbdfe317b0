using System.Buffers.Binary;
using MediaRelay.Media.IO;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Net;
using MediaRelay.Media.Sdp;

namespace MediaRelay.IO.Tests.Media;

/// <summary>What one camera packet costs in memory on its way through real endpoints: nothing.</summary>
public sealed class EndpointHotPathTests
{
    private const int Viewers = 10;
    private const int Packets = 40;
    private readonly byte[] _packet = new byte[60];
    private ushort _sequence;

    /// <summary>
    /// Sending: ring, viewer, transport-wide number, pacing, protection, sendto. Receiving, in the same loop: recvfrom, ICE's verdict, SRTP,
    /// statistics, the feed of what was received.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_camera_packet_to_ten_viewers_allocates_nothing(bool receives)
    {
        await using var host = MediaEndpointTests.Host();
        var camera = new HandCamera();
        await using var source = host.OpenSource(camera);
        var viewers = new List<MediaEndpoint>();
        var senders = new List<MediaEndpoint>();
        for (var i = 0; i < Viewers; i++)
        {
            senders.Add(host.CreateEndpoint(new MediaEndpointSettings { Source = source }));
            viewers.Add(host.CreateEndpoint(new MediaEndpointSettings { Publish = true }));
            await MediaEndpointTests.ConnectAsync(senders[i], viewers[i]);
        }
        var least = await host.Loop.InvokeAsync(() =>
        {
            // Queues, caches and the compiler settle first.
            for (var i = 0; i < 10; i++) Round(host, source, receives);
            var best = long.MaxValue;
            for (var attempt = 0; attempt < 10 && best > 0; attempt++)
            {
                var sent = host.Counted.PacketsSent;
                var got = host.Counted.PacketsReceived;
                var before = GC.GetAllocatedBytesForCurrentThread();
                Round(host, source, receives);
                best = Math.Min(best, GC.GetAllocatedBytesForCurrentThread() - before);
                Assert.True(host.Counted.PacketsSent - sent >= Packets * Viewers);
                if (receives) Assert.True(host.Counted.PacketsReceived - got >= Packets * Viewers);
            }
            return best;
        });
        Assert.Equal(0, least);
        foreach (var endpoint in senders.Concat(viewers)) await endpoint.DisposeAsync();
    }

    private void Round(MediaHost host, MediaSource source, bool receives)
    {
        for (var i = 0; i < Packets; i++)
        {
            _packet[0] = 0x80;
            _packet[1] = 96 | 0x80;
            BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(2), _sequence);
            BinaryPrimitives.WriteUInt32BigEndian(_packet.AsSpan(4), (uint)(_sequence * 3000));
            _packet[11] = 5;
            _packet[12] = (byte)(_sequence % 20 == 0 ? 0x65 : 0x41);
            _sequence++;
            ((IPacketTarget)source).HandlePacket(0, _packet, host.Loop.Now);
            if (receives) host.Loop.RunOnce(mayWait: false);
        }
        if (!receives) return;
        for (var i = 0; i < 20; i++) host.Loop.RunOnce(mayWait: false);
    }

    /// <summary>Announces a track and leaves the packets to the test.</summary>
    private sealed class HandCamera : ICamera
    {
        public string Name => "by hand";

        public Task RunAsync(ICameraSink sink, CancellationToken cancellation)
        {
            sink.HandleTracks([new CameraTrack(0, MediaKind.Video, KnownCodecs.H264(96))], null);
            return Task.Delay(Timeout.Infinite, cancellation);
        }
    }
}
