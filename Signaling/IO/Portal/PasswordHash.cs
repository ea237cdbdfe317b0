using System.Globalization;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Stored passwords: PBKDF2-HMAC-SHA-256 with 600 000 rounds and a salt of 128 bit, as <c>pbkdf2-sha256$rounds$salt$hash</c>.</summary>
internal static class PasswordHash
{
    public const int Rounds = 600_000;

    /// <summary>A hash that no password fits, so that an unknown user costs the same time as a wrong password.</summary>
    private static readonly string s_dummy = Make(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)));

    public static string Make(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(16);
        byte[] hash = Rfc2898DeriveBytes.Pbkdf2(password, salt, Rounds, HashAlgorithmName.SHA256, 32);
        return string.Create(CultureInfo.InvariantCulture, $"pbkdf2-sha256${Rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }

    /// <summary>True when the password fits; a null <paramref name="stored"/> costs the same and never fits.</summary>
    public static bool Fits(string password, string? stored)
    {
        string[] parts = (stored ?? s_dummy).Split('$');
        byte[] hash = Convert.FromBase64String(parts[3]);
        byte[] given = Rfc2898DeriveBytes.Pbkdf2(password, Convert.FromBase64String(parts[2]), int.Parse(parts[1], CultureInfo.InvariantCulture), HashAlgorithmName.SHA256, hash.Length);
        return CryptographicOperations.FixedTimeEquals(given, hash) && stored is not null;
    }
}
