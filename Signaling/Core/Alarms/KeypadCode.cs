using System.Globalization;
using System.Security.Cryptography;

namespace MediaRelay.Signaling.Alarms;

/// <summary>One person's code for the keypad of a home. Only its hash is kept and sent; the code itself stays with the person.</summary>
/// <param name="Id">Identifier, chosen by the server.</param>
/// <param name="Name">The person, as the log names them; at most 64 characters.</param>
/// <param name="Hash">See <see cref="HashOf"/>; 64 hexadecimal digits.</param>
/// <param name="From">First moment; null: at once.</param>
/// <param name="Until">End; null: none.</param>
/// <param name="IsDuress">True when typing it disarms as usual and silently calls for help.</param>
public sealed record KeypadCode(string Id, string Name, string Hash, DateTimeOffset? From = null, DateTimeOffset? Until = null, bool IsDuress = false)
{
    /// <summary>Rounds of the hash. Four to eight digits stay guessable by who has the hash; the rounds make each guess cost.</summary>
    public const int Rounds = 100_000;

    /// <summary>True for 4 to 8 digits.</summary>
    public static bool IsCode(string? code) => code is { Length: >= 4 and <= 8 } && code.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>PBKDF2-HMAC-SHA-256 of the code, salted with the gateway, so that equal codes of two homes differ.</summary>
    public static string HashOf(string gateway, string code) =>
        Convert.ToHexStringLower(Rfc2898DeriveBytes.Pbkdf2(code, System.Text.Encoding.UTF8.GetBytes($"mediarelay keypad {gateway}"), Rounds, HashAlgorithmName.SHA256, 32));

    /// <summary>True while the code may be used.</summary>
    public bool IsOpen(DateTimeOffset utcNow) => !(From > utcNow) && !(Until <= utcNow);

    /// <summary>The code as the value of a property: hash, from, until, kind and name, parted by semicolons.</summary>
    public string Write() => string.Create(CultureInfo.InvariantCulture, $"{Hash};{From?.UtcDateTime:O};{Until?.UtcDateTime:O};{(IsDuress ? "duress" : "normal")};{Name}");

    /// <summary>Reads what <see cref="Write"/> wrote; null for anything else.</summary>
    public static KeypadCode? Read(string id, string value)
    {
        string[] parts = value.Split(';', 5);
        return parts.Length == 5 && parts[0].Length == 64 && parts[0].All(char.IsAsciiHexDigitLower) && Time(parts[1], out var from) && Time(parts[2], out var until)
            && parts[3] is "normal" or "duress" && parts[4].Length is > 0 and <= 64
            ? new KeypadCode(id, parts[4], parts[0], from, until, parts[3] == "duress")
            : null;
    }

    private static bool Time(string text, out DateTimeOffset? time)
    {
        time = null;
        if (text.Length == 0)
        {
            return true;
        }

        bool ok = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var read);
        time = read;
        return ok;
    }
}
