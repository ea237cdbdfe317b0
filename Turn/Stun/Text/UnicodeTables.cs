using System.Globalization;

namespace MediaRelay.Stun.Text;

/// <summary>
/// Decompositions, compositions and combining classes of Unicode 14.0. The program runs with invariant globalization, where
/// <see cref="string.Normalize()"/> leaves text unchanged, so the tables come with us (<c>UnicodeNormalization.txt</c>).
/// </summary>
internal sealed class UnicodeTables
{
    private static readonly Lazy<UnicodeTables> Loaded = new(Load);

    public static UnicodeTables Instance => Loaded.Value;

    public Dictionary<int, int[]> Canonical { get; } = [];

    public Dictionary<int, int[]> Compatible { get; } = [];

    public Dictionary<(int First, int Second), int> Compositions { get; } = [];

    public Dictionary<int, byte> CombiningClasses { get; } = [];

    private static UnicodeTables Load()
    {
        var tables = new UnicodeTables();
        using var stream = typeof(UnicodeTables).Assembly.GetManifestResourceStream("MediaRelay.Stun.UnicodeNormalization.txt")
            ?? throw new InvalidOperationException("The Unicode tables are missing from the assembly.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            var fields = line.Split(' ');
            if (fields[0] == "R")
            {
                for (var i = Hex(fields[1]); i <= Hex(fields[2]); i++)
                    tables.CombiningClasses[i] = byte.Parse(fields[3], CultureInfo.InvariantCulture);
                continue;
            }

            var code = Hex(fields[1]);
            int[] parts = [.. fields[2..].Select(Hex)];
            (fields[0] == "K" ? tables.Compatible : tables.Canonical)[code] = parts;
            if (fields[0] == "C")
                tables.Compositions[(parts[0], parts[1])] = code;
        }

        return tables;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
