using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using MediaRelay.Server.Configuration;
using Microsoft.Extensions.Configuration;

namespace MediaRelay.Architecture.Tests;

/// <summary>Every kind of mistake in a configuration becomes one sentence, and all of them at once.</summary>
public sealed class SectionReaderTests
{
    [Fact]
    public void Four_mistakes_in_one_section_give_four_sentences()
    {
        var faults = Read(new() { ["Reaml"] = "x", ["Lifetime"] = "10", ["Count"] = "9" });
        Assert.Equal(
        [
            "Part:Count is 9, outside 1 to 5. Choose a value in that range, e.g. 2.",
            "Part:Lifetime is \"10\": a bare number has no unit; write 500ms, 10s, 5m, 2h, 7d or hh:mm:ss, e.g. 10m.",
            "Part:Reaml is not an option. Did you mean Part:Realm?",
            "Part:Secret is missing. Key shared with the relay.",
        ], faults.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Switch", "yes", "Part:Switch is \"yes\": true or false is wanted, e.g. true.")]
    [InlineData("Count", "many", "Part:Count is \"many\": a whole number is wanted, e.g. 2.")]
    [InlineData("Kind", "Green", "Part:Kind is \"Green\": one of Red, Blue is wanted, e.g. Red.")]
    [InlineData("Kind", "1", "Part:Kind is \"1\": one of Red, Blue is wanted, e.g. Red.")]
    [InlineData("Lifetime", "soon", "Part:Lifetime is \"soon\": a duration with its unit is wanted (500ms, 10s, 5m, 2h, 7d or hh:mm:ss), e.g. 10m.")]
    [InlineData("Lifetime", "2h", "Part:Lifetime is 2h, outside 1s to 1h. Choose a value in that range, e.g. 10m.")]
    [InlineData("Inner:Deepth", "1", "Part:Inner:Deepth is not an option. Did you mean Part:Inner:Depth?")]
    [InlineData("Numbers:0", "a", "Part:Numbers:0 is \"a\": a whole number is wanted.")]
    [InlineData("Inner", "flat", "Part:Inner is \"flat\", but it is a section. Write { } with the keys of Part:Inner inside.")]
    [InlineData("Low", "8", "Part:Low is 8, above Part:High 5. Turn them round.")]
    public void One_mistake_gives_exactly_one_sentence(string key, string value, string sentence) =>
        Assert.Equal([sentence], Read(new() { ["Secret"] = "s", [key] = value }));

    [Fact]
    public void Good_values_of_every_kind_are_read()
    {
        var faults = new List<ConfigurationFault>();
        var options = (PartOptions)new SectionReader(faults).Read(Source(new()
        {
            ["secret"] = "s", ["Lifetime"] = "90s", ["Switch"] = "true", ["Kind"] = "blue", ["Count"] = "3",
            ["Numbers:0"] = "7", ["Numbers:1"] = "8", ["Inner:Depth"] = "4", ["Names"] = "a, b",
        }), "Part", typeof(PartOptions));
        Assert.Empty(faults);
        Assert.Equal((TimeSpan.FromSeconds(90), true, Kind.Blue, 3, 4), (options.Lifetime, options.Switch, options.Kind, options.Count, options.Inner.Depth));
        Assert.Equal([7, 8], options.Numbers);
        Assert.Equal(["a", "b"], options.Names);
    }

    [Fact]
    public void A_file_that_is_not_JSON_gives_a_sentence_with_its_line()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "{\n  \"Node\": { \"LogForm\": }\n}");
        var (_, faults) = ServerConfiguration.Load(file, []);
        File.Delete(file);
        Assert.Equal($"{file} is not JSON at line 2, byte 24. Comments and trailing commas are allowed; quotes around names are needed.", Assert.Single(faults).Sentence);
    }

    [Fact]
    public void A_file_that_is_not_there_gives_a_sentence() =>
        Assert.StartsWith("nowhere.json does not exist.", Assert.Single(ServerConfiguration.Load("nowhere.json", []).Faults).Sentence, StringComparison.Ordinal);

    [Theory]
    [InlineData("--Node:LogForm=Xml", "Node:LogForm is \"Xml\": one of Text, Json is wanted, e.g. Text.")]
    [InlineData("--Noed:LogForm=Json", "Noed is not an option. Did you mean Node?")]
    [InlineData("LogForm=Json", "LogForm=Json is not understood. Write --Section:Key=value, e.g. --Node:LogForm=Json.")]
    public void Values_on_the_command_line_are_checked_alike(string argument, string sentence) =>
        Assert.Equal(sentence, Assert.Single(ServerConfiguration.Load(null, [argument]).Faults).Sentence);

    private static string[] Read(Dictionary<string, string?> values)
    {
        var faults = new List<ConfigurationFault>();
        _ = new SectionReader(faults).Read(Source(values), "Part", typeof(PartOptions));
        return [.. faults.Select(f => f.Sentence)];
    }

    private static IConfiguration Source(Dictionary<string, string?> values) => new ConfigurationBuilder().AddInMemoryCollection(values).Build();

    public enum Kind
    {
        Red,
        Blue,
    }

    public sealed class InnerOptions
    {
        [Description("How deep.")]
        [Range(1, 9)]
        public int Depth { get; set; } = 1;
    }

    public sealed class PartOptions : IValidatableObject
    {
        [Description("Realm of credentials.")]
        public string Realm { get; set; } = "example.org";

        [Description("Key shared with the relay.")]
        [Required]
        public string? Secret { get; set; }

        [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
        public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(10);

        public bool Switch { get; set; } = true;

        public Kind Kind { get; set; }

        [Range(1, 5)]
        public int Count { get; set; } = 2;

        public List<int> Numbers { get; set; } = [];

        public string[] Names { get; set; } = [];

        public InnerOptions Inner { get; set; } = new();

        public int Low { get; set; } = 1;

        public int High { get; set; } = 5;

        public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
        {
            if (Low > High)
            {
                yield return new($"Part:Low is {Low}, above Part:High {High}. Turn them round.", [nameof(Low)]);
            }
        }
    }
}
