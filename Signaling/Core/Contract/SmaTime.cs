using System.Globalization;

namespace MediaRelay.Signaling.Contract;

/// <summary>The one form of time on the interface: UTC, written with milliseconds (sma-sig-1 section 4).</summary>
public static class SmaTime
{
    /// <summary>Characters of the written form.</summary>
    public const int Length = 24;

    private static readonly string[] s_formats =
        ["yyyy-MM-dd'T'HH:mm:ss.fff'Z'", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'"];

    /// <summary>Reads a UTC time of the years 1900 to 2199; false for anything else.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        // The one form that gateways send a thousand times for each of the others.
        if (text.Length == 24 && text[4] == '-' && text[7] == '-' && text[10] == 'T' && text[13] == ':' && text[16] == ':' && text[19] == '.' && text[23] == 'Z')
            return TryReadUsual(text, out time);
        return text.Length is >= 20 and <= 28 && text[^2] != '.'
            && DateTimeOffset.TryParseExact(text, s_formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time)
            && time.Year is >= 1900 and < 2200;
    }

    /// <summary>Writes the time with milliseconds, e.g. <c>2026-11-21T08:15:28.120Z</c>.</summary>
    public static string Write(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Writes the same as UTF-8; <paramref name="utf8"/> has room for <see cref="Length"/> octets.</summary>
    public static void Write(DateTimeOffset time, Span<byte> utf8)
    {
        DateTime utc = time.UtcDateTime;
        utf8 = utf8[..Length];
        Digits(utf8, 0, 4, utc.Year);
        Digits(utf8, 5, 2, utc.Month);
        Digits(utf8, 8, 2, utc.Day);
        Digits(utf8, 11, 2, utc.Hour);
        Digits(utf8, 14, 2, utc.Minute);
        Digits(utf8, 17, 2, utc.Second);
        Digits(utf8, 20, 3, utc.Millisecond);
        (utf8[4], utf8[7], utf8[10], utf8[13], utf8[16], utf8[19], utf8[23]) = ((byte)'-', (byte)'-', (byte)'T', (byte)':', (byte)':', (byte)'.', (byte)'Z');
    }

    private static bool TryReadUsual(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        int year = Number(text, 0, 4), month = Number(text, 5, 2), day = Number(text, 8, 2), hour = Number(text, 11, 2), minute = Number(text, 14, 2), second = Number(text, 17, 2), ms = Number(text, 20, 3);
        if (year is < 1900 or >= 2200 || month is < 1 or > 12 || day < 1 || hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 59 || ms < 0 || day > DateTime.DaysInMonth(year, month))
            return false;
        time = new DateTimeOffset(year, month, day, hour, minute, second, ms, TimeSpan.Zero);
        return true;
    }

    /// <summary>The number of the digits at a place; -1 when one of them is none.</summary>
    private static int Number(ReadOnlySpan<char> text, int start, int length)
    {
        int number = 0;
        foreach (char c in text.Slice(start, length))
        {
            if (!char.IsAsciiDigit(c))
                return -1;
            number = (number * 10) + c - '0';
        }

        return number;
    }

    private static void Digits(Span<byte> utf8, int start, int length, int number)
    {
        for (int i = start + length - 1; i >= start; i--)
        {
            utf8[i] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }

    /// <summary>Cuts a time to the milliseconds that the interface carries.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
}
