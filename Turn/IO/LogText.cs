using System.Globalization;
using System.Text;

namespace MediaRelay.Turn.IO;

/// <summary>Makes text from the network safe for one log line: control, direction and line characters are written as \uXXXX.</summary>
internal static class LogText
{
    private const int Longest = 80;

    public static string Escape(ReadOnlySpan<byte> utf8)
    {
        var text = Encoding.UTF8.GetString(utf8.Length > Longest ? utf8[..Longest] : utf8);
        var safe = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            var category = char.GetUnicodeCategory(character);
            if (category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate)
                _ = safe.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            else
                _ = safe.Append(character);
        }

        return safe.Length == 0 ? "-" : safe.ToString();
    }
}
