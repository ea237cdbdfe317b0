namespace MediaRelay.Media.IO.Recording;

/// <summary>Reads width and height from a sequence parameter set (ITU-T H.264 section 7.3.2.1.1).</summary>
internal ref struct H264PictureSize
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _bit;

    private H264PictureSize(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>False when the set is cut short or uses values out of range.</summary>
    public static bool TryRead(ReadOnlySpan<byte> parameterSet, out int width, out int height)
    {
        (width, height) = (0, 0);
        if (parameterSet.Length is < 5 or > 512 || (parameterSet[0] & 31) != 7) return false;
        Span<byte> raw = stackalloc byte[512];
        var length = 0;
        for (var i = 1; i < parameterSet.Length; i++)
        {
            // 00 00 03 carries an emulation prevention byte.
            if (parameterSet[i] == 3 && i >= 3 && parameterSet[i - 1] == 0 && parameterSet[i - 2] == 0) continue;
            raw[length++] = parameterSet[i];
        }
        var reader = new H264PictureSize(raw[..length]);
        return reader.TryReadSize(out width, out height);
    }

    private bool TryReadSize(out int width, out int height)
    {
        (width, height) = (0, 0);
        var profile = Bits(8);
        Bits(16);
        Golomb();
        var chroma = 1;
        var separatePlanes = 0;
        if (profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135)
        {
            chroma = Golomb();
            if (chroma == 3) separatePlanes = Bits(1);
            Golomb();
            Golomb();
            Bits(1);
            if (Bits(1) == 1) SkipScalingLists(chroma == 3 ? 12 : 8);
        }
        Golomb();
        var orderType = Golomb();
        if (orderType == 0)
        {
            Golomb();
        }
        else if (orderType == 1)
        {
            Bits(1);
            SignedGolomb();
            SignedGolomb();
            var cycle = Golomb();
            if (cycle > 255) return false;
            for (var i = 0; i < cycle; i++) SignedGolomb();
        }
        Golomb();
        Bits(1);
        var macroblocksWide = Golomb() + 1;
        var mapUnitsHigh = Golomb() + 1;
        var framesOnly = Bits(1);
        if (framesOnly == 0) Bits(1);
        Bits(1);
        var (left, right, top, bottom) = (0, 0, 0, 0);
        if (Bits(1) == 1) (left, right, top, bottom) = (Golomb(), Golomb(), Golomb(), Golomb());
        if (_bit > _bytes.Length * 8 || macroblocksWide is < 1 or > 1024 || mapUnitsHigh is < 1 or > 1024) return false;
        var arrayType = separatePlanes == 1 ? 0 : chroma;
        var unitX = arrayType is 1 or 2 ? 2 : 1;
        var unitY = (arrayType == 1 ? 2 : 1) * (2 - framesOnly);
        width = macroblocksWide * 16 - unitX * (left + right);
        height = (2 - framesOnly) * mapUnitsHigh * 16 - unitY * (top + bottom);
        return width > 0 && height > 0;
    }

    private void SkipScalingLists(int count)
    {
        for (var list = 0; list < count; list++)
        {
            if (Bits(1) == 0) continue;
            var (last, next) = (8, 8);
            for (var i = 0; i < (list < 6 ? 16 : 64); i++)
            {
                if (next != 0) next = (last + SignedGolomb()) & 255;
                if (next != 0) last = next;
            }
        }
    }

    private int Bits(int count)
    {
        var value = 0;
        for (; count > 0; count--, _bit++)
        {
            var bit = _bit < _bytes.Length * 8 ? _bytes[_bit >> 3] >> (7 - (_bit & 7)) & 1 : 0;
            value = value << 1 | bit;
        }
        return value;
    }

    private int Golomb()
    {
        var zeros = 0;
        while (_bit < _bytes.Length * 8 && zeros < 24 && Bits(1) == 0) zeros++;
        return (1 << zeros) - 1 + Bits(zeros);
    }

    private int SignedGolomb()
    {
        var value = Golomb();
        return (value & 1) == 1 ? (value + 1) / 2 : -(value / 2);
    }
}
