using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Media.Sdp;

/// <summary>Hash of the certificate that the peer will show in its DTLS handshake (RFC 8122 section 5).</summary>
/// <param name="Algorithm">Hash name in lower case, e.g. sha-256.</param>
/// <param name="Value">The hash, 32 bytes for sha-256.</param>
public sealed record DtlsFingerprint(string Algorithm, ReadOnlyMemory<byte> Value)
{
    /// <summary>True for SHA-256 and longer: SHA-1 and MD5 do not identify anybody.</summary>
    public bool IsAcceptable => Algorithm is "sha-256" or "sha-384" or "sha-512";

    /// <summary>Compares the certificate (DER) in constant time; false for a hash that is not acceptable.</summary>
    public bool Matches(ReadOnlySpan<byte> certificate)
    {
        Span<byte> hash = stackalloc byte[64];
        var length = Algorithm switch
        {
            "sha-256" => SHA256.HashData(certificate, hash),
            "sha-384" => SHA384.HashData(certificate, hash),
            "sha-512" => SHA512.HashData(certificate, hash),
            _ => 0,
        };
        return length > 0 && CryptographicOperations.FixedTimeEquals(hash[..length], Value.Span);
    }

    /// <summary>The SHA-256 fingerprint of a certificate (DER).</summary>
    public static DtlsFingerprint Of(ReadOnlySpan<byte> certificate) => new("sha-256", SHA256.HashData(certificate));

    /// <summary>Reads "algorithm XX:XX:..."; an unknown algorithm or a wrong length is refused.</summary>
    public static bool TryParse(string text, out DtlsFingerprint fingerprint, out string reason)
    {
        fingerprint = null!;
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        if (space < 1) { reason = "fingerprint without a value"; return false; }
        var algorithm = text[..space].ToLowerInvariant();
        var length = algorithm switch { "sha-1" => 20, "sha-224" => 28, "sha-256" => 32, "sha-384" => 48, "sha-512" => 64, "md5" => 16, _ => 0 };
        if (length == 0) { reason = "unknown fingerprint hash function"; return false; }
        var hex = text.AsSpan(space + 1).Trim();
        if (hex.Length != length * 3 - 1) { reason = "fingerprint has the wrong length for its hash function"; return false; }
        var value = new byte[length];
        for (var i = 0; i < length; i++)
        {
            var valid = byte.TryParse(hex.Slice(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value[i]);
            if (!valid || (i < length - 1 && hex[i * 3 + 2] != ':')) { reason = "fingerprint is not pairs of hexadecimal digits"; return false; }
        }
        fingerprint = new DtlsFingerprint(algorithm, value);
        reason = "";
        return true;
    }

    public bool Equals(DtlsFingerprint? other) => other is not null && Algorithm == other.Algorithm && Value.Span.SequenceEqual(other.Value.Span);

    public override int GetHashCode() => Value.Length > 3 ? BitConverter.ToInt32(Value.Span) : 0;

    /// <summary>The attribute's value, e.g. "sha-256 0B:30:...".</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Algorithm).Append(' ');
        for (var i = 0; i < Value.Length; i++)
        {
            if (i > 0) text.Append(':');
            text.Append(Value.Span[i].ToString("X2", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }
}
