using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// H.264 from RTP in packetization modes 0 and 1 (RFC 6184): single NAL units, STAP-A, FU-A; the frame comes out as
/// Annex B. Parameter sets, from the stream or from sprop-parameter-sets, are put before a key frame that lacks them.
/// </summary>
public sealed class H264Depacketizer : VideoDepacketizer
{
    private byte[] _sps = [], _pps = [];
    private bool _inFragment, _isLeftOut, _frameHasSps, _frameHasSlice;

    /// <summary>Latest sequence parameter set; empty before the first.</summary>
    public ReadOnlySpan<byte> SequenceParameterSet => _sps;

    /// <summary>Latest picture parameter set; empty before the first.</summary>
    public ReadOnlySpan<byte> PictureParameterSet => _pps;

    /// <summary>Takes sprop-parameter-sets of the SDP: base64 between commas (RFC 6184 section 8.1). Unreadable parts are skipped.</summary>
    public void SetParameterSets(string? spropParameterSets)
    {
        foreach (var part in (spropParameterSets ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var unit = new byte[part.Length];
            if (Convert.TryFromBase64String(part, unit, out var length) && length > 0) Remember(unit.AsSpan(0, length));
        }
    }

    private protected override void StartFrame() => (_inFragment, _frameHasSps, _frameHasSlice) = (false, false, false);

    private protected override void LosePacket() => _inFragment = false;

    private protected override bool TryAppend(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if ((payload[0] & 0x80) != 0) return false;
        var type = payload[0] & 0x1f;
        if (type == (int)H264NalType.FuA) return TryFragment(payload, frame);
        _inFragment = false;
        return type switch
        {
            >= 1 and <= 23 => TryUnit(payload, frame),
            (int)H264NalType.StapA => TryAggregate(payload[1..], frame),
            _ => false,
        };
    }

    private bool TryAggregate(ReadOnlySpan<byte> rest, FrameBuffer frame)
    {
        if (!IsAggregate(rest)) return false;
        while (!rest.IsEmpty)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (!TryUnit(rest.Slice(2, length), frame)) return false;
            rest = rest[(2 + length)..];
        }
        return true;
    }

    private static bool IsAggregate(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty) return false;
        while (!rest.IsEmpty)
        {
            if (rest.Length < 3) return false;
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest);
            if (length == 0 || 2 + length > rest.Length || (rest[2] & 0x80) != 0 || (rest[2] & 0x1f) is 0 or >= 24) return false;
            rest = rest[(2 + length)..];
        }
        return true;
    }

    private bool TryFragment(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if (payload.Length < 3) return false;
        var (isFirst, isLast, type) = ((payload[1] & 0x80) != 0, (payload[1] & 0x40) != 0, payload[1] & 0x1f);
        if ((isFirst && isLast) || type is 0 or >= 24) return false;
        if (isFirst)
        {
            var header = (byte)((payload[0] & 0x60) | type);
            _isLeftOut = _frameHasSlice && BeginsPicture(type);
            if (!_isLeftOut)
            {
                Note(type, frame);
                if (!frame.TryAppendStartCode() || !frame.TryAppend(header)) return false;
            }
        }
        else if (!_inFragment)
        {
            return false;
        }
        _inFragment = !isLast;
        return _isLeftOut || frame.TryAppend(payload[2..]);
    }

    private bool TryUnit(ReadOnlySpan<byte> unit, FrameBuffer frame)
    {
        var type = unit[0] & 0x1f;
        if (type is (int)H264NalType.SequenceParameterSet or (int)H264NalType.PictureParameterSet) Remember(unit);
        // Some packetizers repeat parameter sets before each slice. Behind a slice they begin the next picture (H.264 section 7.4.1.2.3), so who reads the frame as a stream would see its first slice only.
        if (_frameHasSlice && BeginsPicture(type)) return true;
        Note(type, frame);
        return frame.TryAppendStartCode() && frame.TryAppend(unit);
    }

    private static bool BeginsPicture(int type) => type is >= (int)H264NalType.Sei and <= (int)H264NalType.AccessUnitDelimiter;

    // A key frame without parameter sets in front gets the remembered ones, so that each recorded key frame stands alone.
    private void Note(int type, FrameBuffer frame)
    {
        _frameHasSps |= type == (int)H264NalType.SequenceParameterSet;
        if (type == (int)H264NalType.IdrSlice)
        {
            frame.IsKeyFrame = true;
            if (!_frameHasSps && !_frameHasSlice && _sps.Length > 0 && _pps.Length > 0)
            {
                _ = frame.TryAppendStartCode() && frame.TryAppend(_sps) && frame.TryAppendStartCode() && frame.TryAppend(_pps);
                _frameHasSps = true;
            }
        }
        _frameHasSlice |= type is >= 1 and <= 5;
    }

    private void Remember(ReadOnlySpan<byte> unit)
    {
        var type = unit[0] & 0x1f;
        if (type == (int)H264NalType.SequenceParameterSet && !unit.SequenceEqual(_sps)) _sps = unit.ToArray();
        if (type == (int)H264NalType.PictureParameterSet && !unit.SequenceEqual(_pps)) _pps = unit.ToArray();
    }
}
