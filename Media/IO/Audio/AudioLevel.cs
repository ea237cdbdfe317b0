using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Audio;

/// <summary>
/// Loudness of a stream of sound, so that "does my voice arrive" can be shown: measured from G.711 samples, or taken from the
/// sender's own statement (RFC 6464) for codecs that are not decoded here. One writer; readers may be elsewhere.
/// </summary>
public sealed class AudioLevel
{
    /// <summary>dBov of digital silence, the lowest value.</summary>
    public const double Silence = -127;

    private double _level = Silence;
    private double _peak = Silence;
    private long _packets;

    /// <summary>Level of the last packet in dBov: 0 is full scale, -127 silence.</summary>
    public double Current => Volatile.Read(ref _level);

    /// <summary>Highest level since the start or the last <see cref="ResetPeak"/>.</summary>
    public double Peak => Volatile.Read(ref _peak);

    /// <summary>Packets measured.</summary>
    public long Packets => Volatile.Read(ref _packets);

    public void ResetPeak() => Volatile.Write(ref _peak, Silence);

    /// <summary>Measures G.711 samples as the root mean square against a full-scale square wave (RFC 6465 section 2).</summary>
    public void MeasureG711(ReadOnlySpan<byte> payload, bool isALaw)
    {
        if (payload.IsEmpty) return;
        Set(-G711.Level(payload, isALaw));
    }

    /// <summary>Takes the sender's statement: 0 to 127 below full scale.</summary>
    public void Take(int decibelsBelowFullScale) => Set(-Math.Clamp(decibelsBelowFullScale, 0, 127));

    private void Set(double level)
    {
        Volatile.Write(ref _level, level);
        if (level > _peak) Volatile.Write(ref _peak, level);
        Volatile.Write(ref _packets, _packets + 1);
    }
}
