using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Sources;

/// <summary>Finds key pictures that come without parameter sets, and makes the packet that has to stand in front of them (RFC 6184).</summary>
internal static class H264Inspector
{
    /// <summary>True when the payload starts an IDR slice and holds no sequence parameter set itself.</summary>
    public static bool IsBareKeyPicture(ReadOnlySpan<byte> payload) => payload.Length > 1 && (payload[0] & 31) switch
    {
        (int)H264NalType.IdrSlice => true,
        (int)H264NalType.FuA => (payload[1] & 0x80) != 0 && (payload[1] & 31) == (int)H264NalType.IdrSlice,
        _ => false,
    };

    /// <summary>True when the payload is, or begins with, a parameter set.</summary>
    public static bool HasParameterSet(ReadOnlySpan<byte> payload) =>
        payload.Length > 3 && ((payload[0] & 31) == (int)H264NalType.SequenceParameterSet
            || ((payload[0] & 31) == (int)H264NalType.StapA && (payload[3] & 31) == (int)H264NalType.SequenceParameterSet));

    /// <summary>One STAP-A payload of the parameter sets in sprop-parameter-sets; null when they are missing or unreadable.</summary>
    public static byte[]? Aggregate(string? parameterSets)
    {
        var payload = new List<byte> { 0x60 | (int)H264NalType.StapA };
        foreach (var part in (parameterSets ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var unit = new byte[part.Length];
            if (!Convert.TryFromBase64String(part, unit, out var length) || length is < 2 or > 500) continue;
            if ((unit[0] & 31) is not ((int)H264NalType.SequenceParameterSet or (int)H264NalType.PictureParameterSet)) continue;
            payload.AddRange([(byte)(length >> 8), (byte)length]);
            payload.AddRange(unit.AsSpan(0, length));
        }
        return payload.Count is > 6 and < 1200 ? [.. payload] : null;
    }
}
