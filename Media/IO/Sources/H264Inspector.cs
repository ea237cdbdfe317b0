using System.Buffers.Binary;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Sources;

/// <summary>Looks into H.264 RTP payloads just far enough to know where a key frame starts (RFC 6184 sections 5.6 to 5.8).</summary>
internal static class H264Inspector
{
    /// <summary>What the payload begins or holds: a parameter set, the start of an IDR picture.</summary>
    public static (bool HasParameterSet, bool StartsKeyPicture) Inspect(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 2) return default;
        switch (payload[0] & 31)
        {
            case (int)H264NalType.SequenceParameterSet: return (true, false);
            case (int)H264NalType.IdrSlice: return (false, true);
            case (int)H264NalType.FuA: return (false, (payload[1] & 0x80) != 0 && (payload[1] & 31) == (int)H264NalType.IdrSlice);
            case (int)H264NalType.StapA:
                var (set, key) = (false, false);
                var rest = payload[1..];
                while (rest.Length > 2)
                {
                    var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
                    var type = rest[2] & 31;
                    set |= type == (int)H264NalType.SequenceParameterSet;
                    key |= type == (int)H264NalType.IdrSlice;
                    if (length + 2 > rest.Length) break;
                    rest = rest[(length + 2)..];
                }
                return (set, key);
            default: return default;
        }
    }

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
