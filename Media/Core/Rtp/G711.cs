namespace MediaRelay.Media.Rtp;

/// <summary>G.711 mu-law and A-law to 16-bit samples and back (ITU-T G.711), and the level of a packet.</summary>
public static class G711
{
    private static readonly short[] MuLaw = Table(MuLawSample);
    private static readonly short[] ALaw = Table(ALawSample);

    /// <summary>Decodes as many samples as both spans hold; returns the count.</summary>
    public static int DecodeMuLaw(ReadOnlySpan<byte> coded, Span<short> samples) => Decode(MuLaw, coded, samples);

    public static int DecodeALaw(ReadOnlySpan<byte> coded, Span<short> samples) => Decode(ALaw, coded, samples);

    public static int EncodeMuLaw(ReadOnlySpan<short> samples, Span<byte> coded)
    {
        var count = Math.Min(samples.Length, coded.Length);
        for (var i = 0; i < count; i++) coded[i] = MuLawCode(samples[i]);
        return count;
    }

    public static int EncodeALaw(ReadOnlySpan<short> samples, Span<byte> coded)
    {
        var count = Math.Min(samples.Length, coded.Length);
        for (var i = 0; i < count; i++) coded[i] = ALawCode(samples[i]);
        return count;
    }

    /// <summary>Level of a payload in -dBov, 0 (loudest) to 127 (silence), as in RFC 6464.</summary>
    public static int Level(ReadOnlySpan<byte> coded, bool isALaw)
    {
        var table = isALaw ? ALaw : MuLaw;
        double sum = 0;
        foreach (var code in coded) sum += (double)table[code] * table[code];
        return AudioLevel.FromPower(coded.IsEmpty ? 0 : sum / coded.Length);
    }

    private static int Decode(short[] table, ReadOnlySpan<byte> coded, Span<short> samples)
    {
        var count = Math.Min(coded.Length, samples.Length);
        for (var i = 0; i < count; i++) samples[i] = table[coded[i]];
        return count;
    }

    private static short[] Table(Func<byte, short> sample) => [.. Enumerable.Range(0, 256).Select(i => sample((byte)i))];

    private static short MuLawSample(byte code)
    {
        var value = (byte)~code;
        var magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4)) - 0x84;
        return (short)((value & 0x80) != 0 ? -magnitude : magnitude);
    }

    private static short ALawSample(byte code)
    {
        var value = (byte)(code ^ 0x55);
        var exponent = (value & 0x70) >> 4;
        var magnitude = ((value & 0x0f) << 4) + 8;
        if (exponent > 0) magnitude = (magnitude + 0x100) << (exponent - 1);
        return (short)((value & 0x80) != 0 ? magnitude : -magnitude);
    }

    private static byte MuLawCode(short sample)
    {
        var sign = sample < 0 ? 0x80 : 0;
        var magnitude = Math.Min(Math.Abs((int)sample), 32635) + 0x84;
        var exponent = 7;
        for (var mask = 0x4000; exponent > 0 && (magnitude & mask) == 0; mask >>= 1) exponent--;
        return (byte)~(sign | exponent << 4 | (magnitude >> (exponent + 3) & 0x0f));
    }

    private static byte ALawCode(short sample)
    {
        var sign = sample < 0 ? 0 : 0x80;
        var magnitude = Math.Min(sample < 0 ? -(int)sample - 1 : sample, 32767);
        if (magnitude < 0) magnitude = 0;
        var exponent = 7;
        for (var mask = 0x4000; exponent > 0 && (magnitude & mask) == 0; mask >>= 1) exponent--;
        var mantissa = exponent == 0 ? magnitude >> 4 : magnitude >> (exponent + 3);
        return (byte)((sign | exponent << 4 | (mantissa & 0x0f)) ^ 0x55);
    }
}
