using System.Text;

namespace MediaRelay.Stun.Text;

/// <summary>Unicode normalization forms C and KC (UAX 15), with the algorithmic Hangul rules.</summary>
internal static class UnicodeNormalizer
{
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = 11172;

    public static string FormC(string text) => Normalize(text, compatible: false);

    public static string FormKC(string text) => Normalize(text, compatible: true);

    private static string Normalize(string text, bool compatible)
    {
        if (Ascii.IsValid(text))
            return text;
        var tables = UnicodeTables.Instance;
        var codes = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            Decompose(tables, rune.Value, compatible, codes);
        Order(tables, codes);
        Compose(tables, codes);
        var builder = new StringBuilder(codes.Count);
        foreach (var code in codes)
            builder.Append(new Rune(code).ToString());
        return builder.ToString();
    }

    private static void Decompose(UnicodeTables tables, int code, bool compatible, List<int> codes)
    {
        if (code is >= SBase and < SBase + SCount)
        {
            var index = code - SBase;
            codes.Add(LBase + (index / (VCount * TCount)));
            codes.Add(VBase + (index % (VCount * TCount) / TCount));
            if (index % TCount != 0)
                codes.Add(TBase + (index % TCount));
        }
        else if (tables.Canonical.TryGetValue(code, out var parts) || (compatible && tables.Compatible.TryGetValue(code, out parts)))
        {
            foreach (var part in parts)
                Decompose(tables, part, compatible, codes);
        }
        else
            codes.Add(code);
    }

    // Combining marks between two starters are sorted by class; equal classes keep their order.
    private static void Order(UnicodeTables tables, List<int> codes)
    {
        for (var i = 1; i < codes.Count; i++)
        {
            var rank = Class(tables, codes[i]);
            for (var j = i; rank != 0 && j > 0 && Class(tables, codes[j - 1]) > rank; j--)
                (codes[j - 1], codes[j]) = (codes[j], codes[j - 1]);
        }
    }

    private static void Compose(UnicodeTables tables, List<int> codes)
    {
        int starter = -1, lastClass = 0, write = 0;
        foreach (var code in codes.ToArray())
        {
            var rank = Class(tables, code);
            var blocked = starter >= 0 && write - 1 > starter && lastClass >= rank;
            if (starter >= 0 && !blocked && TryCompose(tables, codes[starter], code, out var composed))
            {
                codes[starter] = composed;
                continue;
            }

            if (rank == 0)
                starter = write;
            lastClass = rank;
            codes[write++] = code;
        }

        codes.RemoveRange(write, codes.Count - write);
    }

    private static bool TryCompose(UnicodeTables tables, int first, int second, out int composed)
    {
        if (first is >= LBase and < LBase + LCount && second is >= VBase and < VBase + VCount)
        {
            composed = SBase + ((((first - LBase) * VCount) + second - VBase) * TCount);
            return true;
        }

        if (first is >= SBase and < SBase + SCount && (first - SBase) % TCount == 0 && second is > TBase and < TBase + TCount)
        {
            composed = first + second - TBase;
            return true;
        }

        return tables.Compositions.TryGetValue((first, second), out composed);
    }

    private static byte Class(UnicodeTables tables, int code) => tables.CombiningClasses.GetValueOrDefault(code);
}
