using System.Text.RegularExpressions;

namespace MediaRelay.Architecture.Tests;

/// <summary>ARCHITECTURE.md and the tree say the same.</summary>
public sealed partial class ReferenceTableTests
{
    private static readonly string Page = Repository.Read("ARCHITECTURE.md");

    [Fact]
    public void The_reference_table_is_what_the_projects_say()
    {
        var rows = Row().Matches(Page).ToDictionary(
            m => m.Groups["folder"].Value.Trim(),
            m => (Assembly: m.Groups["assembly"].Value.Trim(), References: m.Groups["refs"].Value.Split(',', StringSplitOptions.TrimEntries).Where(r => r is not "-" and not "").Order(StringComparer.Ordinal).ToArray()));
        var product = Repository.Projects.Where(p => !p.Folder.StartsWith("tests/", StringComparison.Ordinal) && !p.Folder.StartsWith("perf/", StringComparison.Ordinal)).ToList();
        Assert.Equal(product.Select(p => p.Folder).Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        foreach (var project in product)
        {
            Assert.Equal(project.Assembly, rows[project.Folder].Assembly);
            Assert.True(project.References.SequenceEqual(rows[project.Folder].References),
                $"{project.Folder} references {string.Join(", ", project.References)}, but ARCHITECTURE.md says {string.Join(", ", rows[project.Folder].References)}.");
        }
    }

    [Fact]
    public void References_only_point_down()
    {
        string[] layers = ["Turn/Stun", "Turn/Client", "Turn/Dtls", "Turn/Tls", "Turn/Core", "Qos/Core", "Media/Core", "Signaling/Core", "Turn/IO", "Qos/IO", "Media/IO", "Signaling/IO", "Signaling/Gateway", "Signaling/Server"];
        foreach (var project in Repository.Projects.Where(p => layers.Contains(p.Folder)))
        {
            foreach (var reference in project.References)
            {
                Assert.True(Array.IndexOf(layers, reference) < Array.IndexOf(layers, project.Folder), $"{project.Folder} -> {reference} points up.");
                Assert.False(project.IsPure && reference.EndsWith("/IO", StringComparison.Ordinal), $"{project.Folder} is pure but references {reference}.");
            }
        }
    }

    [Fact]
    public void Every_project_folder_is_named_and_every_named_folder_exists()
    {
        foreach (var project in Repository.Projects)
        {
            Assert.True(Page.Contains(project.Folder, StringComparison.Ordinal), $"ARCHITECTURE.md does not name {project.Folder}.");
        }

        foreach (Match match in FolderName().Matches(Page))
        {
            var path = Path.Combine(Repository.Root, match.Value);
            Assert.True(Directory.Exists(path) || File.Exists(path), $"ARCHITECTURE.md names {match.Value}, which is not in the tree.");
        }
    }

    [Fact]
    public void The_top_level_folders_are_exactly_six()
    {
        var folders = Directory.GetDirectories(Repository.Root).Select(Path.GetFileName).Where(f => !f!.StartsWith('.')).Order(StringComparer.Ordinal);
        Assert.Equal(["Media", "Qos", "Signaling", "Turn", "perf", "tests"], folders.Where(f => f is not "data" and not "artifacts" and not "TestResults"));
    }

    [Fact]
    public void Every_type_that_the_page_names_exists()
    {
        var start = Page.IndexOf("## 3. Principal types", StringComparison.Ordinal);
        var end = Page.IndexOf("## 4.", StringComparison.Ordinal);
        var known = Repository.Files("*.cs").Select(f => Path.GetFileNameWithoutExtension(f)).ToHashSet(StringComparer.Ordinal);
        var missing = TypeName().Matches(Page[start..end]).Select(m => m.Groups[1].Value).Where(t => !known.Contains(t)).Distinct().ToList();
        Assert.True(missing.Count == 0, $"ARCHITECTURE.md section 3 names types without a file: {string.Join(", ", missing)}.");
    }

    [Fact]
    public void Each_top_folder_has_a_page_of_its_own()
    {
        foreach (var folder in (string[])["Media", "Qos", "Signaling", "Turn", "perf", "tests"])
        {
            Assert.True(File.Exists(Path.Combine(Repository.Root, folder, "README.md")), $"{folder}/README.md is missing.");
        }
    }

    [GeneratedRegex(@"^\| (?<folder>(Turn|Media|Qos|Signaling)/\w+) \| (?<assembly>[\w.]+)[^|]*\| (?<refs>[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\b(Turn|Media|Qos|Signaling|tests|perf)/[A-Z][\w.]*(/[A-Z]\w*)?\b")]
    private static partial Regex FolderName();

    [GeneratedRegex(@"`([A-Z][A-Za-z0-9]+)`")]
    private static partial Regex TypeName();
}
