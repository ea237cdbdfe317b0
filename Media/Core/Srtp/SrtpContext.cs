using System.Buffers.Binary;

namespace MediaRelay.Media.Srtp;

/// <summary>
/// Protects or unprotects the packets of one direction in place (RFC 3711, RFC 7714): use one object for sending and
/// another for receiving. Order on receipt: shape, index, replay, authentication, and only then any state. A forged
/// packet therefore changes nothing. At most 16 sources; nothing is allocated per packet.
/// </summary>
public sealed class SrtpContext : IDisposable
{
    /// <summary>Most sources in one direction.</summary>
    public const int MostSources = 16;

    /// <summary>Room to leave behind any packet for tag and index word.</summary>
    public const int MaxOverhead = 20;

    private readonly SrtpCipher _cipher;
    private readonly Source[] _rtp = new Source[MostSources];
    private readonly Source[] _rtcp = new Source[MostSources];
    private int _rtpCount, _rtcpCount;

    public SrtpContext(SrtpKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Key.Length != SrtpKey.KeyLength(key.Profile) || key.Salt.Length != SrtpKey.SaltLength(key.Profile))
            throw new ArgumentException($"Key or salt has the wrong length for {key.Profile}.", nameof(key));
        _cipher = key.Profile switch
        {
            SrtpProfile.Aes128CmSha1Tag80 => new AesCmCipher(key.Key.Span, key.Salt.Span, 10),
            SrtpProfile.Aes128CmSha1Tag32 => new AesCmCipher(key.Key.Span, key.Salt.Span, 4),
            _ => AesGcmCipher.FromMaster(key.Key.Span, key.Salt.Span),
        };
    }

    internal SrtpContext(SrtpCipher cipher) => _cipher = cipher;

    /// <summary>
    /// An index may be protected again. Only for senders that repeat identical packets because RTX was not negotiated;
    /// with GCM another packet under the same index would give the key away. Default false.
    /// </summary>
    public bool AllowsRepeats { get; init; }

    public int RtpOverhead => _cipher.RtpOverhead;

    public int RtcpOverhead => _cipher.RtcpOverhead;

    /// <summary>RTP packets under this key so far.</summary>
    public long RtpPackets { get; internal set; }

    /// <summary>Protects the packet in <c>buffer[..length]</c>; the buffer needs <see cref="RtpOverhead"/> more bytes.</summary>
    public SrtpStatus ProtectRtp(Span<byte> buffer, int length, out int written)
    {
        written = 0;
        if (length > buffer.Length || !TryHeader(buffer[..length], out var header)) return SrtpStatus.Malformed;
        if (buffer.Length - length < _cipher.RtpOverhead) return SrtpStatus.NoRoom;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(buffer[8..]);
        var at = Find(_rtp, _rtpCount, ssrc);
        if (at < 0 && _rtpCount == MostSources) return SrtpStatus.TooManySources;
        var window = at < 0 ? ReplayWindow.Empty : _rtp[at].Window;
        var index = PacketIndex.Guess(BinaryPrimitives.ReadUInt16BigEndian(buffer[2..]), window.Highest);
        if (index < 0 || (!AllowsRepeats && !window.IsFresh(index))) return SrtpStatus.Replayed;
        if (index > PacketIndex.Most || RtpPackets > PacketIndex.Most) return SrtpStatus.KeyExhausted;
        _cipher.ProtectRtp(buffer, header, length, ssrc, index);
        Accept(_rtp, ref _rtpCount, at, ssrc, index);
        RtpPackets++;
        written = length + _cipher.RtpOverhead;
        return SrtpStatus.Ok;
    }

    /// <summary>Checks and decrypts a received packet; on success the packet is <c>packet[..length]</c>.</summary>
    public SrtpStatus UnprotectRtp(Span<byte> packet, out int length)
    {
        length = 0;
        if (packet.Length < 12 + _cipher.RtpOverhead || !TryHeader(packet[..^_cipher.RtpOverhead], out var header)) return SrtpStatus.Malformed;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var at = Find(_rtp, _rtpCount, ssrc);
        if (at < 0 && _rtpCount == MostSources) return SrtpStatus.TooManySources;
        var highest = at < 0 ? -1 : _rtp[at].Window.Highest;
        var index = PacketIndex.Guess(BinaryPrimitives.ReadUInt16BigEndian(packet[2..]), highest);
        if (index < 0 || (at >= 0 && !_rtp[at].Window.IsFresh(index))) return SrtpStatus.Replayed;
        if (index > PacketIndex.Most || RtpPackets > PacketIndex.Most) return SrtpStatus.KeyExhausted;
        if (!_cipher.TryUnprotectRtp(packet, header, ssrc, index)) return SrtpStatus.AuthenticationFailed;
        Accept(_rtp, ref _rtpCount, at, ssrc, index);
        RtpPackets++;
        length = packet.Length - _cipher.RtpOverhead;
        return SrtpStatus.Ok;
    }

    /// <summary>Protects the compound packet in <c>buffer[..length]</c>; the buffer needs <see cref="RtcpOverhead"/> more bytes.</summary>
    public SrtpStatus ProtectRtcp(Span<byte> buffer, int length, out int written)
    {
        written = 0;
        if (length > buffer.Length || length < 8 || buffer[0] >> 6 != 2) return SrtpStatus.Malformed;
        if (buffer.Length - length < _cipher.RtcpOverhead) return SrtpStatus.NoRoom;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(buffer[4..]);
        var at = Find(_rtcp, _rtcpCount, ssrc);
        if (at < 0 && _rtcpCount == MostSources) return SrtpStatus.TooManySources;
        var index = at < 0 ? 0 : _rtcp[at].Window.Highest + 1;
        if (index > int.MaxValue) return SrtpStatus.KeyExhausted;
        _cipher.ProtectRtcp(buffer, length, ssrc, (uint)index | SrtpCipher.EncryptedFlag);
        Accept(_rtcp, ref _rtcpCount, at, ssrc, index);
        written = length + _cipher.RtcpOverhead;
        return SrtpStatus.Ok;
    }

    /// <summary>Checks and decrypts a received RTCP packet; on success it is <c>packet[..length]</c>.</summary>
    public SrtpStatus UnprotectRtcp(Span<byte> packet, out int length)
    {
        length = 0;
        if (packet.Length < 8 + _cipher.RtcpOverhead || packet[0] >> 6 != 2) return SrtpStatus.Malformed;
        var ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        var at = Find(_rtcp, _rtcpCount, ssrc);
        if (at < 0 && _rtcpCount == MostSources) return SrtpStatus.TooManySources;
        var word = _cipher.ReadIndexWord(packet);
        var index = word & ~SrtpCipher.EncryptedFlag;
        if (at >= 0 && !_rtcp[at].Window.IsFresh(index)) return SrtpStatus.Replayed;
        if (!_cipher.TryUnprotectRtcp(packet, ssrc, word)) return SrtpStatus.AuthenticationFailed;
        Accept(_rtcp, ref _rtcpCount, at, ssrc, index);
        length = packet.Length - _cipher.RtcpOverhead;
        return SrtpStatus.Ok;
    }

    /// <summary>Sets the next expected state of a source, so that a stream can start at a given rollover counter.</summary>
    internal void SeedRtp(uint ssrc, long highestIndex) => Seed(_rtp, ref _rtpCount, ssrc, highestIndex);

    internal void SeedRtcp(uint ssrc, long highestIndex) => Seed(_rtcp, ref _rtcpCount, ssrc, highestIndex);

    public void Dispose() => _cipher.Dispose();

    private static bool TryHeader(ReadOnlySpan<byte> packet, out int length)
    {
        length = 12;
        if (packet.Length < 12 || packet[0] >> 6 != 2) return false;
        length += (packet[0] & 0x0f) * 4;
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < length + 4) return false;
            length += 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]);
        }
        return length <= packet.Length;
    }

    private static int Find(Source[] sources, int count, uint ssrc)
    {
        for (var i = 0; i < count; i++)
            if (sources[i].Ssrc == ssrc) return i;
        return -1;
    }

    private static void Accept(Source[] sources, ref int count, int at, uint ssrc, long index)
    {
        if (at < 0)
        {
            at = count++;
            sources[at] = new Source { Ssrc = ssrc, Window = ReplayWindow.Empty };
        }
        sources[at].Window.Accept(index);
    }

    private static void Seed(Source[] sources, ref int count, uint ssrc, long index)
    {
        var window = ReplayWindow.Empty;
        if (index >= 0) window.Accept(index);
        sources[count++] = new Source { Ssrc = ssrc, Window = window };
    }

    private struct Source
    {
        public uint Ssrc;
        public ReplayWindow Window;
    }
}
