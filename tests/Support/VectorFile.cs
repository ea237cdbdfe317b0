using System.Text.Json;

namespace MediaRelay.Tests.Support;

/// <summary>Reads the files of <c>tests/Vectors</c>, which the build copies beside each test assembly.</summary>
public static class VectorFile
{
    private static readonly JsonDocumentOptions Options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Full path of a vector file or folder, for example <c>ice.json</c> or <c>pcmm/01-opn-v4.hex</c>.</summary>
    /// <exception cref="FileNotFoundException">Neither beside the assembly nor in the source tree.</exception>
    public static string Find(string name)
    {
        var copied = Path.Combine(AppContext.BaseDirectory, "Vectors", name);
        if (Path.Exists(copied)) return copied;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var source = Path.Combine(folder.FullName, "tests", "Vectors", name);
            if (Path.Exists(source)) return source;
        }
        throw new FileNotFoundException($"The vector file {name} is neither beside the test assembly nor in tests/Vectors.", name);
    }

    /// <summary>The root element of a JSON vector file; it stays valid without disposal.</summary>
    public static JsonElement Json(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Find(name)), Options);
        return document.RootElement.Clone();
    }

    /// <summary>The elements of one array of a JSON vector file.</summary>
    public static IReadOnlyList<JsonElement> Rows(string name, string property) => [.. Json(name).GetProperty(property).EnumerateArray()];

    /// <summary>The bytes of a hex text file; white space and everything after <c>#</c> on a line is skipped.</summary>
    public static byte[] Hex(string name) => ReadHex(string.Concat(File.ReadLines(Find(name)).Select(line => line.Split('#')[0])));

    /// <summary>Lines of a tab-separated file without comments (<c>#</c>) and blank lines, split into fields.</summary>
    public static IReadOnlyList<string[]> Tsv(string name) =>
        [.. File.ReadLines(Find(name)).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split('\t'))];

    /// <summary>Bytes of a hex string with optional white space and colons.</summary>
    public static byte[] ReadHex(string hex) =>
        Convert.FromHexString(string.Concat(hex.Where(c => !char.IsWhiteSpace(c) && c != ':')));

    /// <summary>Bytes of a hex property of a JSON row.</summary>
    public static byte[] HexProperty(this JsonElement row, string property) =>
        ReadHex(row.GetProperty(property).GetString() ?? throw new InvalidDataException($"{property} is null."));

    /// <summary>Text of a property of a JSON row.</summary>
    public static string TextProperty(this JsonElement row, string property) =>
        row.GetProperty(property).GetString() ?? throw new InvalidDataException($"{property} is null.");
}
