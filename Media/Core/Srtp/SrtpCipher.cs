namespace MediaRelay.Media.Srtp;

/// <summary>Encryption and authentication of one packet, without any memory of packets.</summary>
internal abstract class SrtpCipher : IDisposable
{
    public const uint EncryptedFlag = 0x8000_0000;

    /// <summary>Bytes that an RTP packet grows by.</summary>
    public abstract int RtpOverhead { get; }

    /// <summary>Bytes that an RTCP packet grows by, the index word included.</summary>
    public abstract int RtcpOverhead { get; }

    /// <summary>Protects in place; the packet has <see cref="RtpOverhead"/> bytes of room behind it.</summary>
    public abstract void ProtectRtp(Span<byte> packet, int headerLength, int length, uint ssrc, long index);

    /// <summary>Checks and decrypts in place; <paramref name="packet"/> includes the tag.</summary>
    public abstract bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, long index);

    /// <summary>Protects in place and appends the index word; encrypts when it carries <see cref="EncryptedFlag"/>.</summary>
    public abstract void ProtectRtcp(Span<byte> packet, int length, uint ssrc, uint indexWord);

    public abstract bool TryUnprotectRtcp(Span<byte> packet, uint ssrc, uint indexWord);

    /// <summary>The index word of a protected RTCP packet.</summary>
    public abstract uint ReadIndexWord(ReadOnlySpan<byte> packet);

    public abstract void Dispose();
}
