namespace MediaRelay.System.Tests.LookIn;

/// <summary>The viewer's voice as the demo's home writes it down: mu-law behind a header of 58 bytes.</summary>
internal static class Voice
{
    private const int Header = 58;
    private const int Least = 1600;

    /// <summary>Loudness in dB below full scale of what stands behind a position; minus infinity while there are less than 0.2 s of it.</summary>
    public static double Loudness(string file, long from)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] all = new byte[stream.Length];
        int length = stream.ReadAtLeast(all, all.Length, throwOnEndOfStream: false);
        int start = (int)Math.Max(Header, from);
        if (length < start + Least)
            return double.NegativeInfinity;
        double squares = 0;
        foreach (byte sample in all.AsSpan(start, length - start))
            squares += Math.Pow(Linear(sample) / 32768.0, 2);
        return 10 * Math.Log10((squares / (length - start)) + 1e-12);
    }

    // ITU-T G.711 table 2a.
    private static int Linear(byte code)
    {
        int inverted = ~code & 0xFF, magnitude = ((((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84;
        return (inverted & 0x80) != 0 ? -magnitude : magnitude;
    }
}
