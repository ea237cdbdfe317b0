using System.Globalization;
using System.Text;
using MediaRelay.Stun.Text;

namespace MediaRelay.Stun;

/// <summary>
/// The PRECIS profile OpaqueString, which RFC 8489 applies to user names, realms and passwords (RFC 8265 section 4.2): other
/// spaces become U+0020, the text is put into normalization form C, and what FreeformClass does not allow is refused.
/// </summary>
public static class OpaqueString
{
    /// <summary>False when the text is empty or contains a control, private-use, unassigned or ignorable character.</summary>
    public static bool TryPrepare(string text, out string prepared)
    {
        prepared = string.Empty;
        if (text.Length == 0 || !IsWellFormed(text))
            return false;
        if (Ascii.IsValid(text))
        {
            prepared = text;
            return !text.AsSpan().ContainsAnyInRange('\0', '\u001f') && !text.Contains('\u007f', StringComparison.Ordinal);
        }

        var mapped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            mapped.Append(Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator ? " " : rune.ToString());
        prepared = UnicodeNormalizer.FormC(mapped.ToString());
        foreach (var rune in prepared.EnumerateRunes())
        {
            if (!IsFreeform(rune))
            {
                prepared = string.Empty;
                return false;
            }
        }

        return true;
    }

    internal static bool IsWellFormed(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            // An unpaired surrogate is enumerated as U+FFFD.
            if (rune == Rune.ReplacementChar && !text.Contains('\uFFFD', StringComparison.Ordinal))
                return false;
        }

        return true;
    }

    // RFC 8264 section 9: categories of FreeformClass, minus old Hangul jamo and characters that nobody sees.
    private static bool IsFreeform(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => rune.Value is 0x200C or 0x200D,
        _ => !(rune.Value is (>= 0x1100 and <= 0x11FF) or (>= 0xA960 and <= 0xA97C) or (>= 0xD7B0 and <= 0xD7FB)
            or 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x3164 or 0xFFA0
            or (>= 0x180B and <= 0x180F) or (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF)),
    };
}
