using System.Security.Cryptography;

namespace MediaRelay.Media.Srtp;

/// <summary>Session keys from a master key by AES in counter mode (RFC 3711 section 4.3), with key derivation rate 0.</summary>
internal static class KeyDerivation
{
    public const byte RtpEncryption = 0, RtpAuthentication = 1, RtpSalt = 2, RtcpEncryption = 3, RtcpAuthentication = 4, RtcpSalt = 5;

    /// <summary>A salt of 12 bytes (GCM) is padded on the right (RFC 7714 section 11).</summary>
    public static byte[] Derive(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, byte label, int length)
    {
        using var aes = Aes.Create();
        aes.Key = masterKey.ToArray();
        var blocks = (length + 15) / 16;
        var stream = new byte[blocks * 16];
        for (var i = 0; i < blocks; i++)
        {
            var block = stream.AsSpan(i * 16, 16);
            masterSalt.CopyTo(block);
            block[7] ^= label;
            block[14] = (byte)(i >> 8);
            block[15] = (byte)i;
        }
        aes.EncryptEcb(stream, stream, PaddingMode.None);
        return stream[..length];
    }
}
