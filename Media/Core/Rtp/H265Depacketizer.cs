using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// H.265 from RTP (RFC 7798) without DONL: single NAL units, aggregation packets, fragmentation units; Annex B comes out,
/// with the parameter sets before a key frame that lacks them.
/// </summary>
public sealed class H265Depacketizer : VideoDepacketizer
{
    private readonly byte[][] _sets = [[], [], []];
    private bool _inFragment, _frameHasSets, _frameHasSlice;

    /// <summary>Latest parameter set of a type; empty before the first.</summary>
    public ReadOnlySpan<byte> ParameterSet(H265NalType type) => type is >= H265NalType.VideoParameterSet and <= H265NalType.PictureParameterSet ? _sets[type - H265NalType.VideoParameterSet] : default;

    /// <summary>Takes sprop-vps, sprop-sps or sprop-pps of the SDP.</summary>
    public void SetParameterSet(string? base64)
    {
        foreach (var part in (base64 ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var unit = new byte[part.Length];
            if (Convert.TryFromBase64String(part, unit, out var length) && length > 2) Remember(unit.AsSpan(0, length));
        }
    }

    private protected override void StartFrame() => (_inFragment, _frameHasSets, _frameHasSlice) = (false, false, false);

    private protected override void LosePacket() => _inFragment = false;

    private protected override bool TryAppend(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if (payload.Length < 3 || (payload[0] & 0x80) != 0) return false;
        var type = Type(payload);
        if (type == (int)H265NalType.Fragmentation) return TryFragment(payload, frame);
        _inFragment = false;
        return type switch
        {
            < 48 => TryUnit(payload, frame),
            (int)H265NalType.Aggregation => TryAggregate(payload[2..], frame),
            _ => false,
        };
    }

    private static int Type(ReadOnlySpan<byte> unit) => (unit[0] >> 1) & 0x3f;

    private bool TryAggregate(ReadOnlySpan<byte> rest, FrameBuffer frame)
    {
        for (var check = rest; !check.IsEmpty;)
        {
            if (check.Length < 5) return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(check);
            if (length < 3 || 2 + length > check.Length || (check[2] & 0x80) != 0 || Type(check[2..]) >= 48) return false;
            check = check[(2 + length)..];
        }
        while (!rest.IsEmpty)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (!TryUnit(rest.Slice(2, length), frame)) return false;
            rest = rest[(2 + length)..];
        }
        return true;
    }

    private bool TryFragment(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if (payload.Length < 4) return false;
        var (isFirst, isLast, type) = ((payload[2] & 0x80) != 0, (payload[2] & 0x40) != 0, payload[2] & 0x3f);
        if ((isFirst && isLast) || type >= 48) return false;
        if (isFirst)
        {
            Note(type, frame);
            if (!frame.TryAppendStartCode() || !frame.TryAppend((byte)((payload[0] & 0x81) | type << 1)) || !frame.TryAppend(payload[1])) return false;
        }
        else if (!_inFragment)
        {
            return false;
        }
        _inFragment = !isLast;
        return frame.TryAppend(payload[3..]);
    }

    private bool TryUnit(ReadOnlySpan<byte> unit, FrameBuffer frame)
    {
        var type = Type(unit);
        if (type is >= 32 and <= 34) Remember(unit);
        Note(type, frame);
        return frame.TryAppendStartCode() && frame.TryAppend(unit);
    }

    private void Note(int type, FrameBuffer frame)
    {
        _frameHasSets |= type is >= 32 and <= 34;
        if (type is >= (int)H265NalType.BlaWithLeadingPictures and <= (int)H265NalType.CleanRandomAccess)
        {
            frame.IsKeyFrame = true;
            if (!_frameHasSets && !_frameHasSlice && Array.TrueForAll(_sets, s => s.Length > 0))
            {
                foreach (var set in _sets) _ = frame.TryAppendStartCode() && frame.TryAppend(set);
                _frameHasSets = true;
            }
        }
        _frameHasSlice |= type < 32;
    }

    private void Remember(ReadOnlySpan<byte> unit)
    {
        var type = Type(unit);
        if (type is >= 32 and <= 34 && !unit.SequenceEqual(_sets[type - 32])) _sets[type - 32] = unit.ToArray();
    }
}
