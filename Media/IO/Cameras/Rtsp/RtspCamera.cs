using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>
/// A camera spoken to by RTSP 1.0 (RFC 2326): OPTIONS, DESCRIBE, SETUP of every usable track, PLAY, keep-alive, TEARDOWN,
/// with the ONVIF back-channel when the camera has one.
/// </summary>
public sealed class RtspCamera(CameraAddress address, RtspSettings settings, TimeProvider time) : ICamera
{
    private const string BackChannelTag = "www.onvif.org/ver20/backchannel";

    private long _lastPacket;
    private volatile Action<int>? _requestKeyFrame;
    private uint _videoSsrc;
    private int _videoTrack = -1;

    public string Name => address.ToString();

    public async Task RunAsync(ICameraSink sink, CancellationToken cancellation)
    {
        using var random = RandomNumberGenerator.Create();
        var channels = new Dictionary<byte, (int Track, bool IsRtcp)>();
        await using var connection = await RtspConnection.ConnectAsync(address, settings, random, (channel, packet) => Deliver(channel, packet, channels, sink), cancellation);

        var uri = address.Uri.AbsoluteUri;
        var options = await connection.RequestAsync("OPTIONS", uri, cancellation);
        var canGetParameter = options.Header("Public")?.Contains("GET_PARAMETER", StringComparison.OrdinalIgnoreCase) == true;
        var (tracks, aggregate, range) = await DescribeAsync(connection, uri, cancellation);

        var ports = new List<RtspUdpPair>();
        try
        {
            var (session, lifetime, talkBack) = await SetUpAsync(connection, tracks, channels, ports, sink, cancellation);
            _videoTrack = tracks.Find(t => t.Track.Kind == MediaKind.Video)?.Track.Index ?? -1;
            if (ports.Count == 0) _requestKeyFrame = track => SendPli(connection, channels, track);
            sink.HandleTracks([.. tracks.Where(t => !t.IsBackChannel).Select(t => t.Track)], talkBack);
            Volatile.Write(ref _lastPacket, time.GetTimestamp());
            await PlayAsync(connection, aggregate, session, range, cancellation);
            talkBack?.Open();
            await KeepAliveAsync(connection, aggregate, session, lifetime, canGetParameter, cancellation);
        }
        finally
        {
            _requestKeyFrame = null;
            foreach (var pair in ports) pair.Dispose();
        }
    }

    private async Task<(List<RtspTrack> Tracks, string Aggregate, string Range)> DescribeAsync(RtspConnection connection, string uri, CancellationToken cancellation)
    {
        (string, string)[] plain = [("Accept", "application/sdp")];
        var answer = settings.AskForBackChannel
            ? await connection.RequestAsync("DESCRIBE", uri, cancellation, [.. plain, ("Require", BackChannelTag)])
            : await connection.RequestAsync("DESCRIBE", uri, cancellation, plain);
        if (settings.AskForBackChannel && answer.Status is 551 or 400 or 404 or 406 or 500 or 501)
            answer = await connection.RequestAsync("DESCRIBE", uri, cancellation, plain);
        Check(answer, "DESCRIBE");
        var baseUri = answer.Header("Content-Base") ?? answer.Header("Content-Location") ?? uri;
        if (!baseUri.StartsWith("rtsp", StringComparison.OrdinalIgnoreCase)) baseUri = uri;
        if (!RtspTrack.TryRead(answer.Body, baseUri, out var tracks, out var aggregate, out var range, out var error))
            throw new CameraException($"Camera {Name} describes its stream in a way that cannot be read: {error}.");
        if (!tracks.Exists(t => !t.IsBackChannel)) throw new CameraException($"Camera {Name} offers no track in a known codec.");
        return (tracks, aggregate, range);
    }

    private async Task<(string Session, TimeSpan Lifetime, RtspBackChannel? TalkBack)> SetUpAsync(RtspConnection connection, List<RtspTrack> tracks,
        Dictionary<byte, (int, bool)> channels, List<RtspUdpPair> ports, ICameraSink sink, CancellationToken cancellation)
    {
        var transport = settings.Transport;
        var session = "";
        var lifetime = TimeSpan.FromSeconds(60);
        RtspBackChannel? talkBack = null;
        byte next = 0;
        foreach (var track in tracks)
        {
            var channel = next;
            next += 2;
            RtspUdpPair? pair = null;
            var answer = await TryTransportAsync();
            if (answer.Status == 461 && session.Length == 0)
            {
                transport = transport == RtspTransport.Tcp ? RtspTransport.Udp : RtspTransport.Tcp;
                answer = await TryTransportAsync();
            }
            if (track.IsBackChannel && answer.Status != 200) continue;
            Check(answer, "SETUP");
            (session, lifetime) = ReadSession(answer, session, lifetime);
            var agreed = answer.Header("Transport") ?? "";
            if (pair is not null)
            {
                pair.Aim(connection.RemoteAddress, ReadPort(agreed, "server_port=") ?? throw new CameraException($"Camera {Name} names no server port."));
                channels[channel] = (track.Track.Index, false);
                channels[(byte)(channel + 1)] = (track.Track.Index, true);
                pair.Start((number, packet) => Deliver(number, packet, channels, sink), channel);
            }
            else
            {
                var given = (byte?)ReadPort(agreed, "interleaved=") ?? channel;
                channels[given] = (track.Track.Index, false);
                channels[(byte)(given + 1)] = (track.Track.Index, true);
                channel = given;
            }
            if (track.IsBackChannel) talkBack = new RtspBackChannel(track.Track, connection, channel, pair);

            Task<RtspMessage> TryTransportAsync()
            {
                string value;
                if (transport == RtspTransport.Udp)
                {
                    pair = RtspUdpPair.Bind(connection.LocalAddress, connection.RemoteAddress);
                    ports.Add(pair);
                    value = string.Create(CultureInfo.InvariantCulture, $"RTP/AVP;unicast;client_port={pair.RtpPort}-{pair.RtpPort + 1}");
                }
                else
                {
                    pair = null;
                    value = string.Create(CultureInfo.InvariantCulture, $"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}");
                }
                List<(string, string)> headers = [("Transport", value)];
                if (session.Length > 0) headers.Add(("Session", session));
                if (talkBack is not null || tracks.Exists(t => t.IsBackChannel)) headers.Add(("Require", BackChannelTag));
                return connection.RequestAsync("SETUP", track.ControlUri, cancellation, [.. headers]);
            }
        }
        if (session.Length == 0) throw new CameraException($"Camera {Name} opened no session.");
        return (session, lifetime, talkBack);
    }

    /// <summary>Asks the camera for a key frame of a track by PLI (RFC 4585 section 6.3.1); many cameras understand it though they do not say so.</summary>
    internal void RequestKeyFrame(int track) => _requestKeyFrame?.Invoke(track);

    private void SendPli(RtspConnection connection, Dictionary<byte, (int Track, bool IsRtcp)> channels, int track)
    {
        Span<byte> packet = stackalloc byte[20];
        var writer = new RtcpWriter(packet);
        var media = Volatile.Read(ref _videoSsrc);
        if (!writer.TryAddReceiverReport(1) || !writer.TryAddPli(1, media)) return;
        foreach (var (channel, target) in channels)
        {
            if (target.Track == track && target.IsRtcp) connection.TrySendInterleaved(channel, packet[..writer.Length]);
        }
    }

    private void Deliver(byte channel, ReadOnlySpan<byte> packet, Dictionary<byte, (int Track, bool IsRtcp)> channels, ICameraSink sink)
    {
        if (!channels.TryGetValue(channel, out var target) || target.Track < 0) return;
        Volatile.Write(ref _lastPacket, time.GetTimestamp());
        if (target.IsRtcp) sink.HandleRtcp(target.Track, packet);
        else if (packet.Length >= 12 && packet[0] >> 6 == 2)
        {
            if (target.Track == _videoTrack) Volatile.Write(ref _videoSsrc, System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(packet[8..]));
            sink.HandleRtp(target.Track, packet);
        }
    }

    private async Task PlayAsync(RtspConnection connection, string aggregate, string session, string range, CancellationToken cancellation)
    {
        var answer = await connection.RequestAsync("PLAY", aggregate, cancellation, ("Session", session), ("Range", range));
        // A live stream that cannot be positioned may refuse any range.
        if (answer.Status is 457 or 501 or 503) answer = await connection.RequestAsync("PLAY", aggregate, cancellation, ("Session", session));
        Check(answer, "PLAY");
    }

    private async Task KeepAliveAsync(RtspConnection connection, string aggregate, string session, TimeSpan lifetime, bool canGetParameter,
        CancellationToken cancellation)
    {
        var interval = TimeSpan.FromSeconds(Math.Clamp(lifetime.TotalSeconds / 2, 2, 30));
        var step = TimeSpan.FromSeconds(1);
        var nextKeepAlive = time.GetTimestamp();
        try
        {
            while (true)
            {
                var pause = Task.Delay(step, time, cancellation);
                await Task.WhenAny(pause, connection.Reading);
                await (connection.Reading.IsCompleted ? connection.Reading : pause);
                if (time.GetElapsedTime(Volatile.Read(ref _lastPacket)) > settings.SilenceLimit)
                    throw new CameraException($"Camera {Name} has sent nothing for {settings.SilenceLimit.TotalSeconds:0} seconds.");
                if (time.GetElapsedTime(nextKeepAlive) < interval) continue;
                nextKeepAlive = time.GetTimestamp();
                var answer = await connection.RequestAsync(canGetParameter ? "GET_PARAMETER" : "OPTIONS", aggregate, cancellation, ("Session", session));
                if (answer.Status == 454) throw new CameraException($"Camera {Name} has ended the session.");
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                await connection.RequestAsync("TEARDOWN", aggregate, limit.Token, ("Session", session));
            }
            catch (Exception e) when (e is CameraException or OperationCanceledException)
            {
                // The camera ends the session by its own timer then.
            }
            throw;
        }
    }

    private void Check(RtspMessage answer, string method)
    {
        if (answer.Status is >= 200 and < 300) return;
        if (answer.Status == 401) throw new CameraException($"Camera {Name} refuses the user name or password (401 to {method}).");
        throw new CameraException($"Camera {Name} answered {method} with {answer.Status} {answer.Phrase}.");
    }

    private static (string, TimeSpan) ReadSession(RtspMessage answer, string session, TimeSpan lifetime)
    {
        var parts = (answer.Header("Session") ?? "").Split(';', StringSplitOptions.TrimEntries);
        if (session.Length == 0) session = parts[0];
        foreach (var part in parts.AsSpan(1))
        {
            if (part.StartsWith("timeout=", StringComparison.OrdinalIgnoreCase)
                && int.TryParse(part.AsSpan(8), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 86400)
                lifetime = TimeSpan.FromSeconds(seconds);
        }
        return (session, lifetime);
    }

    private static int? ReadPort(string transport, string name)
    {
        foreach (var part in transport.Split(';', StringSplitOptions.TrimEntries))
        {
            if (!part.StartsWith(name, StringComparison.OrdinalIgnoreCase)) continue;
            var text = part[name.Length..].Split('-')[0];
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 0 and <= IPEndPoint.MaxPort) return port;
        }
        return null;
    }
}
