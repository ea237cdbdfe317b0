using System.Buffers.Text;

namespace MediaRelay.Stun;

/// <summary>
/// The nonce cookie of RFC 8489 section 9.2: "obMatJos2" and four base64 characters that carry 24 feature bits. It lets a client
/// see that somebody removed the better algorithm from an answer.
/// </summary>
public static class NonceCookie
{
    public const int Length = 13;

    private static ReadOnlySpan<byte> Prefix => "obMatJos2"u8;

    /// <summary>Writes 13 bytes; the server appends its own nonce. Bit 0 is the most significant, as section 18.1 numbers them.</summary>
    public static void Write(SecurityFeatures features, Span<byte> destination)
    {
        Prefix.CopyTo(destination);
        byte bits = 0;
        if (features.HasFlag(SecurityFeatures.PasswordAlgorithms))
            bits |= 0x80;
        if (features.HasFlag(SecurityFeatures.UsernameAnonymity))
            bits |= 0x40;
        _ = Base64.EncodeToUtf8([bits, 0, 0], destination[Prefix.Length..], out _, out _);
    }

    /// <summary>
    /// False when the nonce has no cookie (an RFC 5389 server). Unlike section 18.1 alone, the bits are also taken from the
    /// least significant side, because the sample of appendix B.1 and servers made after it place them there.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> nonce, out SecurityFeatures features)
    {
        features = SecurityFeatures.None;
        Span<byte> bits = stackalloc byte[3];
        if (nonce.Length < Length || !nonce.StartsWith(Prefix)
            || Base64.DecodeFromUtf8(nonce[Prefix.Length..Length], bits, out _, out var written) != System.Buffers.OperationStatus.Done || written != 3)
            return false;
        if ((bits[0] & 0x80) != 0 || (bits[2] & 0x01) != 0)
            features |= SecurityFeatures.PasswordAlgorithms;
        if ((bits[0] & 0x40) != 0 || (bits[2] & 0x02) != 0)
            features |= SecurityFeatures.UsernameAnonymity;
        return true;
    }
}
