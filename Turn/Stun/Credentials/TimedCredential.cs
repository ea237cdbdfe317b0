using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Stun;

/// <summary>
/// A user name and password that expire by themselves: the password is base64(HMAC-SHA1(secret, name)), as coturn's
/// <c>use-auth-secret</c> and the "REST API for access to TURN services" draft have it. A relay that knows the secret checks it
/// without asking anybody.
/// </summary>
/// <param name="Username"><c>expiry:subject:scope</c>, or <c>expiry:subject</c> without scope.</param>
/// <param name="Password">28 characters.</param>
/// <param name="Expires">End of validity for creating an allocation.</param>
public sealed record TimedCredential(string Username, string Password, DateTimeOffset Expires)
{
    public const int PasswordLength = 28;

    /// <summary>Makes a credential for one subject (a gateway or console) and one media session.</summary>
    /// <exception cref="ArgumentException">The subject contains a colon, or the name exceeds 508 bytes.</exception>
    public static TimedCredential Issue(ReadOnlySpan<byte> secret, DateTimeOffset expires, string subject, string? scope = null)
    {
        if (subject.Contains(':', StringComparison.Ordinal))
            throw new ArgumentException("The subject of a timed credential must not contain a colon.", nameof(subject));
        var time = expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var name = string.IsNullOrEmpty(scope) ? $"{time}:{subject}" : $"{time}:{subject}:{scope}";
        var bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length > StunLimits.MaxUsername)
            throw new ArgumentException($"A timed user name of {bytes.Length} bytes exceeds {StunLimits.MaxUsername}.", nameof(scope));
        Span<byte> password = stackalloc byte[PasswordLength];
        WritePassword(secret, bytes, password);
        return new TimedCredential(name, Encoding.ASCII.GetString(password), expires);
    }

    /// <summary>Writes the 28 bytes of the password that belongs to a name. Allocates nothing.</summary>
    public static void WritePassword(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> username, Span<byte> password)
    {
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
        HMACSHA1.HashData(secret, username, mac);
        _ = Base64.EncodeToUtf8(mac, password, out _, out _);
    }

    /// <summary>The long-term key of a timed name. Allocates nothing.</summary>
    public static LongTermKey DeriveKey(PasswordAlgorithm algorithm, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> username, ReadOnlySpan<byte> realm)
    {
        Span<byte> password = stackalloc byte[PasswordLength];
        WritePassword(secret, username, password);
        return LongTermKey.Derive(algorithm, username, realm, password);
    }

    /// <summary>Hides the password.</summary>
    public override string ToString() => $"TimedCredential({Username})";
}
