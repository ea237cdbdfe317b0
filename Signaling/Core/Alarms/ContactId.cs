using System.Collections.Frozen;
using System.Globalization;

namespace MediaRelay.Signaling.Alarms;

/// <summary>One row of the Contact ID table (SIA DC-05) with its SIA DC-03 counterparts.</summary>
/// <param name="Code">Three digits, e.g. 130.</param>
/// <param name="Meaning">In words.</param>
/// <param name="Class">MED, FIRE, PANIC, BURG, GEN, AUX, SUP, TRB, OC, RAS, ACC, BYP, TEST, LOG or SCH.</param>
/// <param name="Sia">SIA code of the new event, or null.</param>
/// <param name="SiaRestore">SIA code of the restore or closing, or null.</param>
/// <param name="NamesUser">True when the last field of a report is a user, false when it is a zone.</param>
/// <param name="Priority">1 is the most urgent, 5 the least.</param>
public sealed record ContactId(string Code, string Meaning, string Class, string? Sia, string? SiaRestore, bool NamesUser, int Priority)
{
    /// <summary>The code that calls for help silently. Who may stand beside the person at the screen must not read of it.</summary>
    public const string Duress = "121";

    private static readonly FrozenDictionary<string, ContactId> Table = Read();

    /// <summary>All rows by code.</summary>
    public static IReadOnlyDictionary<string, ContactId> All => Table;

    /// <summary>The row of a code, or null when the table has none.</summary>
    public static ContactId? Find(string? code) => code is not null && Table.TryGetValue(code, out var row) ? row : null;

    private static FrozenDictionary<string, ContactId> Read()
    {
        using var stream = typeof(ContactId).Assembly.GetManifestResourceStream("contact-id.tsv")!;
        using var reader = new StreamReader(stream);
        var rows = new Dictionary<string, ContactId>(StringComparer.Ordinal);
        _ = reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            var cells = line.Split('\t');
            if (cells.Length == 7)
            {
                rows[cells[0]] = new(cells[0], cells[1], cells[2], Value(cells[3]), Value(cells[4]), cells[5] == "U", int.Parse(cells[6], CultureInfo.InvariantCulture));
            }
        }

        return rows.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static string? Value(string cell) => cell == "-" ? null : cell;
}
