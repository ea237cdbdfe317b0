using System.Globalization;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace MediaRelay.Architecture.Tests;

/// <summary>Habits that a reader relies on: file sizes, log ids, ASCII, no unfinished marks.</summary>
public sealed partial class SourceShapeTests(ITestOutputHelper output)
{
    [Fact]
    public void No_file_exceeds_600_lines()
    {
        var sizes = Repository.Files("*.cs").Concat(Repository.Files("*.js")).Concat(Repository.Files("*.css"))
            .Select(f => (File: f, Lines: File.ReadLines(Path.Combine(Repository.Root, f)).Count())).OrderByDescending(f => f.Lines).ToList();
        output.WriteLine($"{sizes.Count} files, median {sizes[sizes.Count / 2].Lines} lines; above 300: {sizes.Count(s => s.Lines > 300)}");
        foreach (var (file, lines) in sizes.TakeWhile(s => s.Lines > 300))
        {
            output.WriteLine($"{lines,5} {file}");
        }

        Assert.DoesNotContain(sizes, s => s.Lines > 600);
        Assert.True(sizes[sizes.Count / 2].Lines < 120, $"The median file has {sizes[sizes.Count / 2].Lines} lines.");
    }

    [Fact]
    public void Log_event_ids_are_unique_and_lie_in_their_part_s_range()
    {
        var seen = new Dictionary<int, string>();
        foreach (var file in Repository.Files("*.cs").Where(f => !f.StartsWith("tests/", StringComparison.Ordinal) && !f.StartsWith("perf/", StringComparison.Ordinal)))
        {
            foreach (Match match in LogMessage().Matches(Repository.Read(file)))
            {
                var id = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                Assert.True(seen.TryAdd(id, file), $"Log event id {id} stands in {file} and in {seen.GetValueOrDefault(id)}.");
                var low = file.Split('/')[0] switch
                {
                    "Turn" => 1000,
                    "Media" => 2000,
                    "Qos" => 3000,
                    _ => file.StartsWith("Signaling/Gateway", StringComparison.Ordinal) ? 5000 : file.StartsWith("Signaling/Server", StringComparison.Ordinal) ? 6000 : 4000,
                };
                Assert.True(id >= low && id < low + 1000, $"Log event id {id} in {file} lies outside {low}-{low + 999}.");
            }
        }
    }

    [Fact]
    public void Source_is_ASCII_and_finished()
    {
        foreach (var file in Repository.Files("*.cs").Where(f => !f.StartsWith("tests/", StringComparison.Ordinal)))
        {
            var text = Repository.Read(file);
            Assert.False(Unfinished().IsMatch(text), $"{file} holds an unfinished mark.");
            Assert.True(text.All(char.IsAscii), $"{file} holds a character outside ASCII.");
        }
    }

    /// <summary>Packets, OpenSSL's memory and nothing else.</summary>
    [Fact]
    public void Unsafe_code_is_allowed_in_few_projects_only()
    {
        var projects = Repository.Files("*.csproj").Where(f => !f.StartsWith("tests/", StringComparison.Ordinal) && !f.StartsWith("perf/", StringComparison.Ordinal))
            .Where(f => Repository.Read(f).Contains("<AllowUnsafeBlocks>true", StringComparison.Ordinal)).Select(Path.GetDirectoryName);
        Assert.Equal(["Media/IO", "Signaling/IO", "Turn/Dtls", "Turn/IO"], projects.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Scripts_are_executable()
    {
        foreach (var script in (string[])["run.sh", "test.sh", ".ci/run"])
        {
            Assert.True(File.GetUnixFileMode(Path.Combine(Repository.Root, script)).HasFlag(UnixFileMode.UserExecute), $"{script} is not executable.");
        }
    }

    [GeneratedRegex(@"LoggerMessage\(\s*(?:EventId\s*=\s*)?(\d{3,5})\b")]
    private static partial Regex LogMessage();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|NotImplementedException)\b")]
    private static partial Regex Unfinished();
}
