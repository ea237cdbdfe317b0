using System.CommandLine;
using System.Text.RegularExpressions;
using MediaRelay.Server.Commands;
using MediaRelay.Server.Configuration;

namespace MediaRelay.Architecture.Tests;

/// <summary>What the pages and the help show to type can be typed, and the configuration that the README shows is good.</summary>
public sealed partial class DocumentedCommandTests
{
    public static TheoryData<string, string> Lines
    {
        get
        {
            var lines = new TheoryData<string, string>();
            foreach ((string source, string line) in Pages().Concat(HelpExamples()).Distinct())
                lines.Add(source, line);
            return lines;
        }
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_shown_command_line_is_understood(string source, string line)
    {
        ParseResult parsed = Root.Create().Parse(Words(line));
        Assert.True(parsed.Errors.Count == 0, $"{source} shows '{line}': {string.Join(" ", parsed.Errors.Select(e => e.Message))}");
        Assert.True(parsed.CommandResult.Command.Action is not null || line.Contains("--help", StringComparison.Ordinal) || parsed.CommandResult.Command.Subcommands.Count > 0, $"{source} shows '{line}', which does nothing.");
    }

    [Fact]
    public void The_configuration_of_the_readme_is_good()
    {
        string folder = Directory.CreateTempSubdirectory("readme").FullName;
        try
        {
            string secret = Path.Combine(folder, "relay.secret"), file = Path.Combine(folder, "mediarelay.json");
            File.WriteAllText(secret, new string('s', 44) + "\n");
            string json = JsonBlock().Match(File.ReadAllText(Path.Combine(Repository.Root, "README.md"))).Groups[1].Value;
            Assert.Contains("RelaySecretFile", json, StringComparison.Ordinal);
            File.WriteAllText(file, json.Replace("/etc/mediarelay/relay.secret", secret, StringComparison.Ordinal).Replace("/var/lib/mediarelay", folder, StringComparison.Ordinal));
            var (configuration, faults) = ServerConfiguration.Load(file, []);
            Assert.Empty(faults);
            Assert.True(configuration.Has("Signaling"));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    private static IEnumerable<(string, string)> Pages() =>
        from page in new[] { "README.md", "Turn/README.md", "Media/README.md", "Qos/README.md", "Signaling/README.md" }
        from line in File.ReadLines(Path.Combine(Repository.Root, page))
        where line.TrimStart().StartsWith("mediarelay ", StringComparison.Ordinal)
        select (page, Clean(line));

    private static IEnumerable<(string, string)> HelpExamples()
    {
        foreach (string path in All(Root.Create(), ""))
        {
            var output = new StringWriter();
            Root.Create().Parse([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Invoke(new InvocationConfiguration { Output = output });
            string help = Continued().Replace(output.ToString(), " ");
            int at = help.IndexOf("Example", StringComparison.Ordinal);
            foreach (string line in at < 0 ? [] : help[at..].Split('\n').Where(line => line.StartsWith("  mediarelay ", StringComparison.Ordinal)))
                yield return ($"the help of '{path.Trim()}'", Clean(line));
        }
    }

    /// <summary>Without what belongs to the shell: comments, output files and pipes, and the remark behind two spaces.</summary>
    private static string Clean(string line) => Behind().Replace(line.Trim(), "").Trim();

    private static string[] Words(string line) => [.. Word().Matches(line).Skip(1).Select(m => m.Value.Trim('"', '\''))];

    private static IEnumerable<string> All(Command command, string path) => command.Subcommands.SelectMany(c => All(c, $"{path} {c.Name}")).Prepend(path);

    [GeneratedRegex("""\s*\\\r?\n\s*""")]
    private static partial Regex Continued();

    [GeneratedRegex("""(\s+#|\s{2,}|\s[>|]).*$""")]
    private static partial Regex Behind();

    [GeneratedRegex("""
        "[^"]*"|'[^']*'|\S+
        """)]
    private static partial Regex Word();

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex JsonBlock();
}
