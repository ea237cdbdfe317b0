using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;
using System.Text.Json;
using MediaRelay.Server.Roles;

namespace MediaRelay.Server.Configuration;

/// <summary>
/// Writes the documented sample of <c>mediarelay.json</c> from the options classes: each key with its sentence, unit, range
/// and default. The file in the repository is this output, so it names every option and only existing ones.
/// </summary>
internal static class SampleFile
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write()
    {
        var text = new StringBuilder();
        text.AppendLine("// MediaRelay configuration: every option with its default. Comments and trailing commas are allowed.");
        text.AppendLine("// A role runs when its section exists: remove the sections that this node shall not run.");
        text.AppendLine("// Environment variables (MEDIARELAY_Turn__Realm=...) and --Turn:Realm=... override the file.");
        text.AppendLine("// Durations carry their unit: 500ms, 10s, 5m, 2h, 7d. Check a file with: mediarelay check --config mediarelay.json");
        text.AppendLine("{");
        Section(text, "Node", "What every role shares.", typeof(NodeOptions), 1);
        foreach (var role in RoleCatalog.All)
        {
            Section(text, role.Section, role.Summary, role.OptionsType, 1);
        }

        return text.AppendLine("}").ToString();
    }

    private static void Section(StringBuilder text, string name, string summary, Type type, int depth)
    {
        var pad = new string(' ', depth * 2);
        text.AppendLine().Append(pad).Append("// ").AppendLine(summary);
        text.Append(pad).Append('"').Append(name).AppendLine("\": {");
        Properties(text, type, depth + 1);
        text.Append(pad).AppendLine("},");
    }

    private static void Properties(StringBuilder text, Type type, int depth)
    {
        var pad = new string(' ', depth * 2);
        var defaults = Activator.CreateInstance(type)!;
        foreach (var property in SectionReader.OptionProperties(type))
        {
            var plain = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            var value = property.GetValue(defaults);
            if (OptionValue.Describe(plain) == "section")
            {
                Section(text, property.Name, OptionValue.DescriptionOf(property), plain, depth);
                continue;
            }

            foreach (var line in Comment(property, plain))
            {
                text.Append(pad).Append("// ").AppendLine(line);
            }

            text.Append(pad).Append('"').Append(property.Name).Append("\": ").Append(Json(value, plain)).AppendLine(",");
            if (OptionValue.ElementType(plain) is { } element && !OptionValue.IsSimple(element))
            {
                ElementKeys(text, element, pad);
            }
        }
    }

    private static IEnumerable<string> Comment(PropertyInfo property, Type type)
    {
        yield return OptionValue.DescriptionOf(property);
        var range = property.GetCustomAttribute<RangeAttribute>();
        var required = property.GetCustomAttribute<RequiredAttribute>() is { AllowEmptyStrings: false } ? " Required." : "";
        yield return range is null
            ? $"{Capital(OptionValue.Describe(type))}.{required}"
            : $"{Capital(OptionValue.Describe(type))}, {OptionValue.Range(range)}.{required}";
    }

    private static void ElementKeys(StringBuilder text, Type element, string pad)
    {
        text.Append(pad).AppendLine("// Keys of one entry:");
        foreach (var property in SectionReader.OptionProperties(element))
        {
            var plain = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            text.Append(pad).Append("//   ").Append(property.Name).Append(": ").Append(OptionValue.DescriptionOf(property))
                .Append(" (").Append(OptionValue.Describe(plain)).AppendLine(")");
        }
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Json(object? value, Type type) => value switch
    {
        null => "null",
        string s => JsonSerializer.Serialize(s, Plain),
        TimeSpan or Enum => $"\"{OptionValue.Format(value)}\"",
        IDictionary<string, string> map => JsonSerializer.Serialize(map, Plain),
        IEnumerable list => "[" + string.Join(", ", list.Cast<object>().Select(v => OptionValue.IsSimple(v.GetType()) ? Json(v, v.GetType()) : "{ }")) + "]",
        _ => OptionValue.Format(value),
    };
}
