using System.Diagnostics.Metrics;

namespace MediaRelay.Media.IO;

/// <summary>Instruments of the meter <c>MediaRelay.Media.IO</c>; everything is read from plain numbers when somebody asks.</summary>
public sealed class MediaMetrics : IDisposable
{
    private readonly Meter _meter = new("MediaRelay.Media.IO");

    public MediaMetrics(MediaHost host)
    {
        _meter.CreateObservableUpDownCounter("media.endpoints", () => host.Endpoints.GroupBy(e => e.State)
            .Select(g => new Measurement<int>(g.Count(), new KeyValuePair<string, object?>("state", g.Key.ToString()))), "{endpoint}", "Media endpoints by state.");
        _meter.CreateObservableUpDownCounter("media.sources", () => host.Sources.Count(), "{source}", "Cameras that were opened.");
        _meter.CreateObservableUpDownCounter("media.sources.faulty", () => host.Sources.Count(s => s.Fault is not null), "{source}", "Cameras that give no media though they are used.");
        _meter.CreateObservableUpDownCounter("media.transcoders", () => host.Transcoders, "{process}", "Running ffmpeg children for transcoding.");
        _meter.CreateObservableCounter("media.packets.sent", () => host.Counted.PacketsSent, "{packet}", "RTP and RTCP packets sent to peers.");
        _meter.CreateObservableCounter("media.bytes.sent", () => host.Counted.BytesSent, "By", "Bytes of RTP and RTCP sent to peers.");
        _meter.CreateObservableCounter("media.packets.received", () => host.Counted.PacketsReceived, "{packet}", "RTP and RTCP packets accepted from peers.");
        _meter.CreateObservableCounter("media.packets.refused", () => host.Counted.SrtpRefused, "{packet}", "Packets that failed SRTP authentication or replay checks.");
        _meter.CreateObservableCounter("media.packets.lost", () => Volatile.Read(ref host.Loop.PacketsLost), "{packet}", "Camera packets lost because the media loop could not keep up.");
    }

    public void Dispose() => _meter.Dispose();
}
