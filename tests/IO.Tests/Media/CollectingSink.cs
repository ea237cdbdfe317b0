using System.Collections.Concurrent;
using MediaRelay.Media.IO.Cameras;

namespace MediaRelay.IO.Tests.Media;

/// <summary>Remembers what a camera delivered.</summary>
internal sealed class CollectingSink : ICameraSink
{
    public ConcurrentQueue<(int Track, byte[] Packet)> Rtp { get; } = new();

    public ConcurrentQueue<(int Track, byte[] Packet)> Rtcp { get; } = new();

    public ConcurrentQueue<byte[]> Pictures { get; } = new();

    public IReadOnlyList<CameraTrack> Tracks { get; private set; } = [];

    public ITalkBack? TalkBack { get; private set; }

    public void HandleTracks(IReadOnlyList<CameraTrack> tracks, ITalkBack? talkBack) => (Tracks, TalkBack) = (tracks, talkBack);

    public void HandleRtp(int track, ReadOnlySpan<byte> packet) => Rtp.Enqueue((track, packet.ToArray()));

    public void HandleRtcp(int track, ReadOnlySpan<byte> packet) => Rtcp.Enqueue((track, packet.ToArray()));

    public void HandlePicture(int track, ReadOnlySpan<byte> jpeg) => Pictures.Enqueue(jpeg.ToArray());
}
