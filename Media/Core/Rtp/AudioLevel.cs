namespace MediaRelay.Media.Rtp;

/// <summary>Loudness of audio in -dBov and its header extension (RFC 6464).</summary>
public static class AudioLevel
{
    /// <summary>Silence.</summary>
    public const int Silence = 127;

    /// <summary>Level of 16-bit samples, 0 to 127.</summary>
    public static int Of(ReadOnlySpan<short> samples)
    {
        double sum = 0;
        foreach (var sample in samples) sum += (double)sample * sample;
        return FromPower(samples.IsEmpty ? 0 : sum / samples.Length);
    }

    /// <summary>Level of a mean square; the overload point is a square wave of full amplitude.</summary>
    internal static int FromPower(double meanSquare) =>
        meanSquare < 1 ? Silence : (int)Math.Clamp(Math.Round(-10 * Math.Log10(meanSquare / (32768.0 * 32768.0))), 0, Silence);

    /// <summary>The extension's byte.</summary>
    public static byte Write(int level, bool isVoice) => (byte)((isVoice ? 0x80 : 0) | Math.Clamp(level, 0, Silence));

    /// <summary>Level and voice flag of the extension's value.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out int level, out bool isVoice)
    {
        (level, isVoice) = value.IsEmpty ? (Silence, false) : (value[0] & 0x7f, (value[0] & 0x80) != 0);
        return !value.IsEmpty;
    }
}
