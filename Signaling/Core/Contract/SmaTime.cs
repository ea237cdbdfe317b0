using System.Globalization;

namespace MediaRelay.Signaling.Contract;

/// <summary>The one form of time on the interface: UTC, written with milliseconds (sma-sig-1 section 4).</summary>
public static class SmaTime
{
    private static readonly string[] s_formats =
        ["yyyy-MM-dd'T'HH:mm:ss.fff'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    /// <summary>Reads a UTC time of the years 1900 to 2199; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        return text.Length is >= 20 and <= 28
            && DateTimeOffset.TryParseExact(text, s_formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time)
            && time.Year is >= 1900 and < 2200;
    }

    /// <summary>Writes the time with milliseconds, e.g. <c>2026-11-21T08:15:28.120Z</c>.</summary>
    public static string Write(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Cuts a time to the milliseconds that the interface carries.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
