using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MediaRelay.Media.Srtp;

/// <summary>AES-GCM with nonces made of source, rollover counter and sequence number (RFC 7714 sections 8 and 9).</summary>
internal sealed class AesGcmCipher : SrtpCipher
{
    private const int TagLength = 16;

    private readonly AesGcm _rtp, _rtcp;
    private readonly byte[] _rtpSalt, _rtcpSalt;
    private readonly byte[] _clear = new byte[2048];

    private AesGcmCipher(byte[] rtpKey, byte[] rtpSalt, byte[] rtcpKey, byte[] rtcpSalt)
    {
        (_rtp, _rtcp) = (new AesGcm(rtpKey, TagLength), new AesGcm(rtcpKey, TagLength));
        (_rtpSalt, _rtcpSalt) = (rtpSalt, rtcpSalt);
    }

    public static AesGcmCipher FromMaster(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt) => new(
        KeyDerivation.Derive(key, salt, KeyDerivation.RtpEncryption, key.Length), KeyDerivation.Derive(key, salt, KeyDerivation.RtpSalt, 12),
        KeyDerivation.Derive(key, salt, KeyDerivation.RtcpEncryption, key.Length), KeyDerivation.Derive(key, salt, KeyDerivation.RtcpSalt, 12));

    /// <summary>Session keys as they are, without derivation: for the published vectors.</summary>
    public static AesGcmCipher FromSession(byte[] key, byte[] salt) => new(key, salt, key, salt);

    public override int RtpOverhead => TagLength;

    public override int RtcpOverhead => TagLength + 4;

    public override void ProtectRtp(Span<byte> packet, int headerLength, int length, uint ssrc, long index)
    {
        Span<byte> nonce = stackalloc byte[12];
        RtpNonce(nonce, ssrc, index);
        var text = packet[headerLength..length];
        _rtp.Encrypt(nonce, text, text, packet.Slice(length, TagLength), packet[..headerLength]);
    }

    public override bool TryUnprotectRtp(Span<byte> packet, int headerLength, uint ssrc, long index)
    {
        Span<byte> nonce = stackalloc byte[12];
        RtpNonce(nonce, ssrc, index);
        var text = packet[headerLength..^TagLength];
        return TryDecrypt(_rtp, nonce, text, packet[^TagLength..], packet[..headerLength]);
    }

    public override void ProtectRtcp(Span<byte> packet, int length, uint ssrc, uint indexWord)
    {
        Span<byte> nonce = stackalloc byte[12];
        RtcpNonce(nonce, ssrc, indexWord);
        var tag = packet.Slice(length, TagLength);
        Span<byte> associated = stackalloc byte[12];
        var encrypted = (indexWord & EncryptedFlag) != 0;
        var text = encrypted ? packet[8..length] : default;
        _rtcp.Encrypt(nonce, text, text, tag, encrypted ? Associated(packet, indexWord, associated) : AssociatedClear(packet[..length], indexWord));
        BinaryPrimitives.WriteUInt32BigEndian(packet[(length + TagLength)..], indexWord);
    }

    public override bool TryUnprotectRtcp(Span<byte> packet, uint ssrc, uint indexWord)
    {
        var length = packet.Length - RtcpOverhead;
        Span<byte> nonce = stackalloc byte[12];
        RtcpNonce(nonce, ssrc, indexWord);
        Span<byte> associated = stackalloc byte[12];
        var encrypted = (indexWord & EncryptedFlag) != 0;
        if (!encrypted && length + 4 > _clear.Length) return false;
        var text = encrypted ? packet[8..length] : default;
        return TryDecrypt(_rtcp, nonce, text, packet.Slice(length, TagLength), encrypted ? Associated(packet, indexWord, associated) : AssociatedClear(packet[..length], indexWord));
    }

    public override uint ReadIndexWord(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt32BigEndian(packet[^4..]);

    public override void Dispose()
    {
        _rtp.Dispose();
        _rtcp.Dispose();
        CryptographicOperations.ZeroMemory(_rtpSalt);
        CryptographicOperations.ZeroMemory(_rtcpSalt);
    }

    private static bool TryDecrypt(AesGcm cipher, ReadOnlySpan<byte> nonce, Span<byte> text, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> associated)
    {
        try
        {
            cipher.Decrypt(nonce, text, tag, text, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            // The class library has no form of Decrypt that returns false.
            return false;
        }
    }

    private void RtpNonce(Span<byte> nonce, uint ssrc, long index)
    {
        _rtpSalt.CopyTo(nonce);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[2..], BinaryPrimitives.ReadUInt32BigEndian(nonce[2..]) ^ ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], BinaryPrimitives.ReadUInt64BigEndian(nonce[4..]) ^ (ulong)index);
    }

    private void RtcpNonce(Span<byte> nonce, uint ssrc, uint indexWord)
    {
        _rtcpSalt.CopyTo(nonce);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[2..], BinaryPrimitives.ReadUInt32BigEndian(nonce[2..]) ^ ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(nonce[8..], BinaryPrimitives.ReadUInt32BigEndian(nonce[8..]) ^ (indexWord & ~EncryptedFlag));
    }

    private static ReadOnlySpan<byte> Associated(ReadOnlySpan<byte> packet, uint indexWord, Span<byte> associated)
    {
        packet[..8].CopyTo(associated);
        BinaryPrimitives.WriteUInt32BigEndian(associated[8..], indexWord);
        return associated;
    }

    private ReadOnlySpan<byte> AssociatedClear(ReadOnlySpan<byte> packet, uint indexWord)
    {
        packet.CopyTo(_clear);
        BinaryPrimitives.WriteUInt32BigEndian(_clear.AsSpan(packet.Length), indexWord);
        return _clear.AsSpan(0, packet.Length + 4);
    }
}
