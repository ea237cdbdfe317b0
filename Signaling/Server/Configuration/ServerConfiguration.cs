using System.Text.Json;
using Microsoft.Extensions.Configuration;
using MediaRelay.Server.Roles;

namespace MediaRelay.Server.Configuration;

/// <summary>
/// The whole configuration, read once and checked before anything starts: the file, then <c>MEDIARELAY_Section__Key</c>
/// environment variables, then <c>--Section:Key=value</c> on the command line; later ones win.
/// </summary>
internal sealed class ServerConfiguration
{
    private readonly Dictionary<string, object> _sections = new(StringComparer.Ordinal);

    public NodeOptions Node => (NodeOptions)_sections["Node"];

    /// <summary>The roles whose section exists, in the order of <see cref="RoleCatalog"/>.</summary>
    public List<Role> Roles { get; } = [];

    /// <summary>The options object of a section that exists.</summary>
    public object this[string section] => _sections[section];

    public bool Has(string section) => _sections.ContainsKey(section);

    /// <summary>Reads and checks everything; an empty fault list means that the program may start.</summary>
    public static (ServerConfiguration Configuration, List<ConfigurationFault> Faults) Load(string? file, IReadOnlyList<string> overrides)
    {
        var faults = new List<ConfigurationFault>();
        var configuration = new ServerConfiguration();
        var root = Sources(file, overrides, faults);
        var reader = new SectionReader(faults);
        configuration._sections["Node"] = new NodeOptions();
        foreach (var section in root.GetChildren())
        {
            if (section.Key.Equals("Node", StringComparison.OrdinalIgnoreCase))
            {
                configuration._sections["Node"] = reader.Read(section, "Node", typeof(NodeOptions));
                continue;
            }

            var role = RoleCatalog.All.FirstOrDefault(r => r.Section.Equals(section.Key, StringComparison.OrdinalIgnoreCase));
            if (role is null)
            {
                reader.AddUnknown("", section.Key, RoleCatalog.All.Select(r => r.Section).Append("Node"));
                continue;
            }

            configuration._sections[role.Section] = reader.Read(section, role.Section, role.OptionsType);
            configuration.Roles.Add(role);
        }

        return (configuration, faults);
    }

    /// <summary>Looks into the files that a start would read, when the texts themselves are good. Nothing is made or changed.</summary>
    public void CheckFiles(List<ConfigurationFault> faults)
    {
        if (faults.Count > 0)
            return;
        foreach (var role in Roles)
            faults.AddRange(role.CheckFiles(this).Select(sentence => new ConfigurationFault(role.Section, sentence)));
    }

    private static IConfigurationRoot Sources(string? file, IReadOnlyList<string> overrides, List<ConfigurationFault> faults)
    {
        var builder = new ConfigurationBuilder();
        if (file is not null)
        {
            AddFile(builder, file, faults);
        }

        builder.AddEnvironmentVariables("MEDIARELAY_");
        var pairs = new List<KeyValuePair<string, string?>>();
        foreach (var argument in overrides)
        {
            var text = argument.TrimStart('-');
            var split = text.IndexOf('=', StringComparison.Ordinal);
            if (!argument.StartsWith("--", StringComparison.Ordinal) || split <= 0 || !text[..split].Contains(':', StringComparison.Ordinal))
            {
                faults.Add(new(argument, $"{OptionValue.Shown(argument)} is not understood. Write --Section:Key=value, e.g. --Node:LogForm=Json."));
                continue;
            }

            pairs.Add(new(text[..split], text[(split + 1)..]));
        }

        return builder.AddInMemoryCollection(pairs).Build();
    }

    private static void AddFile(ConfigurationBuilder builder, string file, List<ConfigurationFault> faults)
    {
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        try
        {
            // Read once here so that a mistake in the file becomes one sentence with its line, not a stack trace.
            var text = File.ReadAllBytes(file);
            using var document = JsonDocument.Parse(text, options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                faults.Add(new(file, $"{file} does not hold a JSON object. Start it with {{ and name sections inside, e.g. {{ \"Turn\": {{ }} }}."));
                return;
            }

            // A trial run, because a stream is read only once: it finds what JSON allows and a configuration does not (a key twice).
            _ = new ConfigurationBuilder().AddJsonStream(new MemoryStream(text)).Build();
            builder.AddJsonStream(new MemoryStream(text));
        }
        catch (FileNotFoundException)
        {
            faults.Add(new(file, $"{file} does not exist. Name a file with --config, or write one with 'mediarelay config sample > mediarelay.json'."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            faults.Add(new(file, $"{file} cannot be read: {e.Message}"));
        }
        catch (JsonException e)
        {
            faults.Add(new(file, $"{file} is not JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}. Comments and trailing commas are allowed; quotes around names are needed."));
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
            faults.Add(new(file, $"{file}: {e.Message}"));
        }
    }
}
