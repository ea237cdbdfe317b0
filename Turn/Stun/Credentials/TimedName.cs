using System.Buffers.Text;

namespace MediaRelay.Stun;

/// <summary>
/// A timed user name taken apart: <c>expiry:subject:scope</c>, where the scope (a media session) may be missing, and for names made
/// by other REST services the subject too. The expiry counts seconds since 1970. Further colons belong to the scope.
/// </summary>
public readonly ref struct TimedName
{
    private TimedName(long expires, ReadOnlySpan<byte> subject, ReadOnlySpan<byte> scope)
    {
        ExpiresUnix = expires;
        Subject = subject;
        Scope = scope;
    }

    public long ExpiresUnix { get; }

    public ReadOnlySpan<byte> Subject { get; }

    public ReadOnlySpan<byte> Scope { get; }

    /// <summary>False when the name does not start with a decimal time of at most 11 digits: an ordinary user.</summary>
    public static bool TryRead(ReadOnlySpan<byte> username, out TimedName name)
    {
        name = default;
        var colon = username.IndexOf((byte)':');
        var digits = colon < 0 ? username : username[..colon];
        if (digits.Length is 0 or > 11 || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(digits, out long expires, out _))
            return false;
        var rest = colon < 0 ? default : username[(colon + 1)..];
        var second = rest.IndexOf((byte)':');
        name = second < 0 ? new TimedName(expires, rest, default) : new TimedName(expires, rest[..second], rest[(second + 1)..]);
        return true;
    }

    /// <summary>True after the expiry plus the tolerance for unequal clocks.</summary>
    public bool IsExpired(DateTimeOffset utcNow, TimeSpan tolerance) =>
        utcNow.ToUnixTimeMilliseconds() > (ExpiresUnix * 1000) + (long)tolerance.TotalMilliseconds;
}
