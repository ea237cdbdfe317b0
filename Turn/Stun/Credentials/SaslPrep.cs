using System.Globalization;
using System.Text;
using MediaRelay.Stun.Text;

namespace MediaRelay.Stun;

/// <summary>
/// SASLprep (RFC 4013), which RFC 5389 applied where RFC 8489 has OpaqueString. Clients of old software send keys made with
/// it; for ASCII both are the same. Character tables are those of Unicode 14.0, not of 3.2 as stringprep has them.
/// </summary>
public static class SaslPrep
{
    /// <summary>False when the text contains a prohibited character or mixes writing directions against RFC 3454 section 6.</summary>
    public static bool TryPrepare(string text, out string prepared)
    {
        prepared = string.Empty;
        if (!OpaqueString.IsWellFormed(text))
            return false;
        var mapped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsMappedToNothing(rune.Value))
                continue;
            mapped.Append(rune.Value > 0x7F && Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator ? " " : rune.ToString());
        }

        var normalized = UnicodeNormalizer.FormKC(mapped.ToString());
        if (!IsAllowed(normalized))
            return false;
        prepared = normalized;
        return true;
    }

    private static bool IsAllowed(string text)
    {
        bool rightToLeft = false, leftToRight = false;
        Rune? first = null, last = null;
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsProhibited(rune))
                return false;
            var isRight = IsRightToLeft(rune.Value);
            rightToLeft |= isRight;
            leftToRight |= !isRight && Rune.IsLetter(rune);
            first ??= rune;
            last = rune;
        }

        return !rightToLeft || (!leftToRight && IsRightToLeft(first!.Value.Value) && IsRightToLeft(last!.Value.Value));
    }

    private static bool IsMappedToNothing(int code) => code
        is 0x00AD or 0x034F or 0x1806 or (>= 0x180B and <= 0x180D) or (>= 0x200B and <= 0x200D) or 0x2060 or (>= 0xFE00 and <= 0xFE0F) or 0xFEFF;

    private static bool IsProhibited(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
        UnicodeCategory.SpaceSeparator => rune.Value != ' ',
        _ => rune.Value is (>= 0x2FF0 and <= 0x2FFB) or 0x0340 or 0x0341 or (>= 0xFFF9 and <= 0xFFFD),
    };

    private static bool IsRightToLeft(int code) => code
        is 0x05BE or 0x05C0 or 0x05C3 or (>= 0x05D0 and <= 0x05F4) or 0x061B or (>= 0x061F and <= 0x064A) or (>= 0x066D and <= 0x066F)
        or (>= 0x0671 and <= 0x06D5) or 0x06DD or (>= 0x06E5 and <= 0x06E6) or (>= 0x06FA and <= 0x070D) or 0x0710 or (>= 0x0712 and <= 0x072C)
        or (>= 0x0780 and <= 0x07A5) or 0x07B1 or 0x200F or 0xFB1D or (>= 0xFB1F and <= 0xFB28) or (>= 0xFB2A and <= 0xFDFC) or (>= 0xFE70 and <= 0xFEFC)
        or (>= 0x10800 and <= 0x10FFF) or (>= 0x1E800 and <= 0x1EFFF);
}
