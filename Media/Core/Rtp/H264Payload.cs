using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>Looks at a single H.264 payload without putting frames together.</summary>
public static class H264Payload
{
    /// <summary>True when the payload begins, or holds, an IDR slice or a parameter set: a decoder can start with its frame.</summary>
    public static bool StartsKeyFrame(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty) return false;
        var type = payload[0] & 0x1f;
        if (type == (int)H264NalType.FuA) return payload.Length > 1 && (payload[1] & 0x80) != 0 && IsKey(payload[1] & 0x1f);
        if (type != (int)H264NalType.StapA) return IsKey(type);
        for (var rest = payload[1..]; rest.Length > 2;)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (length == 0 || 2 + length > rest.Length) return false;
            if (IsKey(rest[2] & 0x1f)) return true;
            rest = rest[(2 + length)..];
        }
        return false;
    }

    private static bool IsKey(int type) => type is (int)H264NalType.IdrSlice or (int)H264NalType.SequenceParameterSet;
}
