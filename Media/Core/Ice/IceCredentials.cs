using System.Security.Cryptography;

namespace MediaRelay.Media.Ice;

/// <summary>
/// The user name fragment and password of one ICE generation (RFC 8445 section 5.3): 4 to 256 and 22 to 256 characters of the
/// alphabet letters, digits, plus and slash.
/// </summary>
public readonly record struct IceCredentials(string UsernameFragment, string Password)
{
    private const int FragmentLength = 8;
    private const int PasswordLength = 24;
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// <summary>48 bits of fragment and 144 bits of password.</summary>
    public static IceCredentials Create(RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new(Draw(random, FragmentLength), Draw(random, PasswordLength));
    }

    /// <summary>True when both have the length and the characters RFC 8839 section 5.4 asks for.</summary>
    public bool IsValid => IsIceText(UsernameFragment, 4) && IsIceText(Password, 22);

    /// <summary>Hides the password.</summary>
    public override string ToString() => UsernameFragment ?? "";

    internal static bool IsIceChar(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '/';

    private static bool IsIceText(string? text, int least)
    {
        if (text is null || text.Length < least || text.Length > 256) return false;
        foreach (var c in text)
            if (!IsIceChar(c)) return false;
        return true;
    }

    private static string Draw(RandomNumberGenerator random, int length)
    {
        Span<byte> bytes = stackalloc byte[length];
        Span<char> text = stackalloc char[length];
        random.GetBytes(bytes);
        for (var i = 0; i < length; i++) text[i] = Alphabet[bytes[i] & 63];
        return new string(text);
    }
}
