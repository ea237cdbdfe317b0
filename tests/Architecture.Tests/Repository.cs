using System.Xml.Linq;

namespace MediaRelay.Architecture.Tests;

/// <summary>The source tree that these tests read.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Tracked kinds of source below the product, test and measurement folders, without build output; paths are relative.</summary>
    public static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(Root, pattern, SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Root, f))
            .Where(f => !f.Split('/').Any(part => part is "bin" or "obj" or ".git" or "node_modules" or "artifacts" or "BenchmarkDotNet.Artifacts"))
            .Order(StringComparer.Ordinal);

    public static IReadOnlyList<Project> Projects { get; } = [.. Files("*.csproj").Select(Project.Load)];

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "MediaRelay.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("MediaRelay.sln was not found above the test's output folder.");
    }

    /// <summary>One project: its folder (e.g. <c>Turn/Stun</c>), assembly and direct references by folder.</summary>
    internal sealed record Project(string Folder, string Assembly, IReadOnlyList<string> References)
    {
        public bool IsPure => Folder.EndsWith("/Core", StringComparison.Ordinal) || Folder is "Turn/Stun" or "Turn/Client";

        public static Project Load(string path)
        {
            var folder = Path.GetDirectoryName(path)!;
            var xml = XDocument.Load(Path.Combine(Root, path));
            var references = xml.Descendants("ProjectReference")
                .Select(r => Path.GetRelativePath(Root, Path.GetFullPath(Path.Combine(Root, folder, Path.GetDirectoryName((string)r.Attribute("Include")!)!))))
                .Order(StringComparer.Ordinal);
            return new(folder, (string?)xml.Descendants("AssemblyName").FirstOrDefault() ?? Path.GetFileNameWithoutExtension(path), [.. references]);
        }
    }
}
