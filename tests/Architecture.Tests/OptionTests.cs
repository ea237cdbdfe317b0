using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using MediaRelay.Server.Configuration;
using MediaRelay.Server.Roles;

namespace MediaRelay.Architecture.Tests;

/// <summary>Every option has its sentence and its range, and the sample file is what the program would write.</summary>
public sealed class OptionTests
{
    [Fact]
    public void The_sample_file_names_every_option_and_only_existing_ones() =>
        Assert.True(SampleFile.Write() == Repository.Read("Signaling/Server/mediarelay.json"),
            "Signaling/Server/mediarelay.json is out of date. Run: mediarelay config sample > Signaling/Server/mediarelay.json");

    /// <summary>"Required." beside a default that is empty would tell the operator to fill in what may stay empty.</summary>
    [Fact]
    public void The_sample_file_requires_only_what_has_a_value()
    {
        var lines = SampleFile.Write().Split('\n');
        var required = Enumerable.Range(0, lines.Length - 1).Where(i => lines[i].Contains("Required.", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(required);
        Assert.All(required, i => Assert.DoesNotContain(": \"\",", lines[i + 1], StringComparison.Ordinal));
    }

    [Fact]
    public void The_sample_file_is_accepted_as_a_configuration()
    {
        var (configuration, faults) = ServerConfiguration.Load(Path.Combine(Repository.Root, "Signaling/Server/mediarelay.json"), []);
        // A sample cannot know the operator's secrets and certificates, so only keys that say "missing" may be faults.
        Assert.All(faults, f => Assert.Contains("missing", f.Sentence, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(RoleCatalog.All.Count, configuration.Roles.Count);
    }

    [Fact]
    public void Every_option_has_a_sentence()
    {
        var silent = Options().Where(o => !(o.Property.GetCustomAttribute<DescriptionAttribute>()?.Description.Trim().EndsWith('.') ?? false)).Select(o => o.Path);
        Assert.Empty(silent);
    }

    [Fact]
    public void Every_number_and_duration_has_a_range_that_holds_its_default()
    {
        foreach (var (path, property, defaults) in Options())
        {
            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type != typeof(TimeSpan) && type != typeof(int) && type != typeof(long) && type != typeof(double) && type != typeof(uint) && type != typeof(ushort))
            {
                continue;
            }

            var range = property.GetCustomAttribute<RangeAttribute>();
            Assert.True(range is not null, $"{path} has no range.");
            Assert.True(range.IsValid(property.GetValue(defaults)), $"{path}: the default is outside its range.");
            // "24:00:00" would be 24 days: hours end at 23.
            Assert.True(type != typeof(TimeSpan) || !$"{range.Minimum}{range.Maximum}".Contains("24:", StringComparison.Ordinal), $"{path}: write 1.00:00:00 for a day.");
        }
    }

    private static IEnumerable<(string Path, PropertyInfo Property, object Defaults)> Options() =>
        RoleCatalog.All.Select(r => (r.Section, r.OptionsType)).Append(("Node", typeof(NodeOptions))).SelectMany(s => Of(s.Item1, s.Item2));

    private static IEnumerable<(string Path, PropertyInfo Property, object Defaults)> Of(string path, Type type)
    {
        var defaults = Activator.CreateInstance(type)!;
        foreach (var property in SectionReader.OptionProperties(type))
        {
            yield return ($"{path}:{property.Name}", property, defaults);
            var plain = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var inner = OptionValue.ElementType(plain) ?? plain;
            if (!OptionValue.IsSimple(inner) && !OptionValue.IsTextMap(inner))
            {
                foreach (var nested in Of($"{path}:{property.Name}", inner))
                {
                    yield return nested;
                }
            }
        }
    }
}
