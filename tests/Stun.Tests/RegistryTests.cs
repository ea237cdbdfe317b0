using System.Globalization;

namespace MediaRelay.Stun.Tests;

public class RegistryTests
{
    [Fact]
    public void Every_method_of_the_registry_has_its_name_and_number()
    {
        // The registry keeps 0x002 under its old meaning in a sentence.
        var rows = Read("stun-methods.csv").Select(r => (r.Value, Name: r.Value == 2 ? "SharedSecret" : r.Name == "GOOG-PING" ? "GooglePing" : r.Name));
        Compare<StunMethod>(rows, []);
    }

    [Fact]
    public void Every_attribute_of_the_registry_has_its_name_and_number() =>
        Compare<StunAttributeType>(Read("stun-attributes.csv"), [nameof(StunAttributeType.CoturnAdditionalAddressFamily)]);

    [Fact]
    public void Every_error_code_of_the_registry_has_its_name_number_and_reason()
    {
        var rows = Read("stun-errors.csv").ToList();
        Compare<StunErrorCode>(rows, [nameof(StunErrorCode.None)]);
        foreach (var (value, name) in rows)
            Assert.Equal(name, StunReason.For((StunErrorCode)value));
    }

    private static void Compare<T>(IEnumerable<(int Value, string Name)> rows, string[] ours) where T : struct, Enum
    {
        var registry = rows.Select(r => $"{r.Value:x4} {Plain(r.Name)}").Order().ToList();
        var declared = Enum.GetNames<T>().Where(name => !ours.Contains(name))
            .Select(name => $"{Convert.ToInt32(Enum.Parse<T>(name), CultureInfo.InvariantCulture):x4} {Plain(name)}").Order().ToList();
        Assert.NotEmpty(registry);
        Assert.Equal(registry, declared);
    }

    private static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    private static IEnumerable<(int Value, string Name)> Read(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Registry", file)).Skip(1).Select(line => line.Split(','))
            .Select(f => (f[0].StartsWith("0x", StringComparison.Ordinal)
                ? int.Parse(f[0].AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                : int.Parse(f[0], CultureInfo.InvariantCulture), f[1]));
}
