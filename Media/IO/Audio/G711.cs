namespace MediaRelay.Media.IO.Audio;

/// <summary>ITU-T G.711: 8-bit mu-law and A-law to 16-bit linear samples, by table.</summary>
internal static class G711
{
    private static readonly short[] MuLaw = BuildMuLaw();
    private static readonly short[] ALaw = BuildALaw();

    public static short FromMuLaw(byte value) => MuLaw[value];

    public static short FromALaw(byte value) => ALaw[value];

    private static short[] BuildMuLaw()
    {
        var table = new short[256];
        for (var i = 0; i < 256; i++)
        {
            var code = ~i & 0xFF;
            var magnitude = (((code & 15) << 3) + 0x84 << (code >> 4 & 7)) - 0x84;
            table[i] = (short)((code & 0x80) != 0 ? -magnitude : magnitude);
        }
        return table;
    }

    private static short[] BuildALaw()
    {
        var table = new short[256];
        for (var i = 0; i < 256; i++)
        {
            var code = i ^ 0x55;
            var exponent = code >> 4 & 7;
            var magnitude = (code & 15) << 4;
            magnitude = exponent == 0 ? magnitude + 8 : magnitude + 0x108 << exponent - 1;
            table[i] = (short)((code & 0x80) != 0 ? magnitude : -magnitude);
        }
        return table;
    }
}
