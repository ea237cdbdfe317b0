using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace MediaRelay.Server.Configuration;

/// <summary>
/// Reads one configuration section into an options object and collects every fault on the way: unknown keys, values of the
/// wrong type, values out of range, missing required values, contradictions. It never stops at the first fault and never throws
/// on what an operator may have written.
/// </summary>
/// <remarks>
/// To add an option: (1) add a property with a default to the section's options class, (2) give it a
/// <c>[Description]</c> of one sentence with its unit, (3) give numbers and durations a <c>[Range]</c>,
/// (4) run <c>mediarelay config sample</c> into <c>Signaling/Server/mediarelay.json</c>. A test fails until all four are done.
/// </remarks>
internal sealed class SectionReader(List<ConfigurationFault> faults)
{
    /// <summary>Reads <paramref name="section"/> into a new instance of <paramref name="type"/>, with defaults where the section is silent.</summary>
    public object Read(IConfiguration section, string path, Type type)
    {
        var target = Activator.CreateInstance(type)!;
        var properties = OptionProperties(type);
        foreach (var child in section.GetChildren())
        {
            var property = properties.FirstOrDefault(p => p.Name.Equals(child.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                AddUnknown(path, child.Key, properties.Select(p => p.Name));
                continue;
            }

            ReadProperty(target, property, child, $"{path}:{property.Name}");
        }

        foreach (var property in properties)
        {
            CheckAttributes(target, property, $"{path}:{property.Name}");
        }

        if (target is IValidatableObject rules)
        {
            foreach (var result in rules.Validate(new ValidationContext(target)).ToList())
            {
                var key = result.MemberNames.FirstOrDefault();
                var full = key is null ? path : $"{path}:{key}";
                // A rule across keys must not repeat the fault of a key that could not be read.
                if (faults.Any(f => f.Key.Equals(full, StringComparison.OrdinalIgnoreCase)))
                {
                    continue;
                }

                var text = result.ErrorMessage ?? "is not valid.";
                faults.Add(new(full, text.StartsWith(path, StringComparison.Ordinal) ? text : $"{full}: {text}"));
            }
        }

        return target;
    }

    /// <summary>The settable public properties of an options class, in the order of declaration.</summary>
    public static IReadOnlyList<PropertyInfo> OptionProperties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite && p.GetIndexParameters().Length == 0)];

    public void AddUnknown(string path, string key, IEnumerable<string> known)
    {
        var full = path.Length == 0 ? key : $"{path}:{key}";
        var near = known.Select(k => (Name: k, Distance: Distance(k, key))).OrderBy(k => k.Distance).FirstOrDefault();
        var hint = near.Name is not null && near.Distance <= Math.Max(2, key.Length / 3)
            ? $" Did you mean {(path.Length == 0 ? near.Name : $"{path}:{near.Name}")}?"
            : " 'mediarelay config sample' lists every option.";
        faults.Add(new(full, $"{full} is not an option.{hint}"));
    }

    private void ReadProperty(object target, PropertyInfo property, IConfigurationSection child, string path)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (OptionValue.IsSimple(type))
        {
            ReadSimple(target, property, type, child, path);
            return;
        }

        if (OptionValue.ElementType(type) is { } element)
        {
            ReadList(target, property, element, child, path);
            return;
        }

        if (OptionValue.IsTextMap(type))
        {
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in child.GetChildren())
            {
                map[entry.Key] = entry.Value ?? "";
            }

            property.SetValue(target, map);
            return;
        }

        if (child.Value is { Length: > 0 } scalar)
        {
            faults.Add(new(path, $"{path} is \"{OptionValue.Shown(scalar)}\", but it is a section. Write {{ }} with the keys of {path} inside."));
            return;
        }

        property.SetValue(target, Read(child, path, type));
    }

    private void ReadSimple(object target, PropertyInfo property, Type type, IConfigurationSection child, string path)
    {
        if (child.GetChildren().Any())
        {
            faults.Add(new(path, $"{path} is a section or a list, but one {OptionValue.Describe(type)} is wanted, e.g. {OptionValue.Example(property, target)}."));
            return;
        }

        if (!OptionValue.TryParse(child.Value ?? "", type, out var value, out var allowed))
        {
            faults.Add(new(path, $"{path} is \"{OptionValue.Shown(child.Value)}\": {allowed}, e.g. {OptionValue.Example(property, target)}."));
            return;
        }

        property.SetValue(target, value);
    }

    private void ReadList(object target, PropertyInfo property, Type element, IConfigurationSection child, string path)
    {
        var items = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        var entries = child.GetChildren().ToList();
        if (entries.Count == 0 && child.Value is { Length: > 0 } single)
        {
            // "--Turn:Listen=a,b" and environment variables carry a list as one text.
            foreach (var part in single.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                AddItem(items, element, part, path);
            }
        }

        foreach (var entry in entries)
        {
            var itemPath = $"{path}:{entry.Key}";
            if (OptionValue.IsSimple(element))
            {
                AddItem(items, element, entry.Value ?? "", itemPath);
            }
            else
            {
                items.Add(Read(entry, itemPath, element));
            }
        }

        if (property.PropertyType.IsArray)
        {
            var array = Array.CreateInstance(element, items.Count);
            items.CopyTo(array, 0);
            property.SetValue(target, array);
        }
        else
        {
            property.SetValue(target, items);
        }
    }

    private void AddItem(IList items, Type element, string text, string path)
    {
        if (OptionValue.TryParse(text, element, out var value, out var allowed))
        {
            items.Add(value);
        }
        else
        {
            faults.Add(new(path, $"{path} is \"{OptionValue.Shown(text)}\": {allowed}."));
        }
    }

    private void CheckAttributes(object target, PropertyInfo property, string path)
    {
        if (faults.Any(f => f.Key.Equals(path, StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        var value = property.GetValue(target);
        foreach (var attribute in property.GetCustomAttributes<ValidationAttribute>())
        {
            if (attribute.IsValid(value))
            {
                continue;
            }

            faults.Add(new(path, attribute switch
            {
                RequiredAttribute => $"{path} is missing. {attribute.ErrorMessage ?? OptionValue.DescriptionOf(property)}",
                RangeAttribute range => $"{path} is {OptionValue.Format(value)}, outside {OptionValue.Range(range)}. Choose a value in that range, e.g. {OptionValue.Example(property, Activator.CreateInstance(target.GetType())!)}.",
                _ => $"{path} is \"{OptionValue.Shown(OptionValue.Format(value))}\": {attribute.ErrorMessage ?? attribute.FormatErrorMessage(property.Name)}",
            }));
        }
    }

    private static int Distance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var cost = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost));
            }
        }

        return row[right.Length];
    }
}
