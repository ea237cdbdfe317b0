namespace MediaRelay.Signaling.Access;

/// <summary>Reads the comma-separated <c>name=value</c> list of authentication headers (RFC 9110 section 11.2).</summary>
internal static class DigestFields
{
    private const int MaxFields = 24;

    /// <summary>False when the list is malformed or a name comes twice.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out Dictionary<string, string> fields)
    {
        fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        int i = 0;
        while (true)
        {
            while (i < text.Length && text[i] is ' ' or '\t' or ',')
                i++;
            if (i == text.Length)
                return true;
            int start = i;
            while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] is '-' or '_' or '*'))
                i++;
            string name = text[start..i].ToString();
            if (name.Length == 0 || i == text.Length || text[i] != '=' || fields.Count == MaxFields)
                return false;
            i++;
            string value;
            if (i < text.Length && text[i] == '"')
            {
                var builder = new System.Text.StringBuilder();
                for (i++; i < text.Length && text[i] != '"'; i++)
                {
                    if (text[i] == '\\' && i + 1 < text.Length)
                        i++;
                    builder.Append(text[i]);
                }

                if (i == text.Length)
                    return false;
                i++;
                value = builder.ToString();
            }
            else
            {
                start = i;
                while (i < text.Length && text[i] is not (',' or ' ' or '\t' or '"'))
                    i++;
                value = text[start..i].ToString();
            }

            if (!fields.TryAdd(name, value))
                return false;
        }
    }

    /// <summary>Escapes a value for a quoted string.</summary>
    public static string Quote(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
}
